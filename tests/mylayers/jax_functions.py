"""A function with rules of its own for jax."""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def log1pexp(x):
    return jnp.logaddexp(x, 0.0)


def log1pexp_fwd(x):
    return log1pexp(x), x


def log1pexp_bwd(x, g):
    return (g * jax.nn.sigmoid(x),)


log1pexp.defvjp(log1pexp_fwd, log1pexp_bwd)


@jax.custom_vjp
def scaled_product(x, y):
    return 3 * x * y


scaled_product.defvjp(lambda x, y: (3 * x * y, (x, y)), lambda kept, g: (3 * g * kept[1], 3 * g * kept[0]))
