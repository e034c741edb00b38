def diagnose(examination, wrong): 
    from backproof.checking.findings import Finding, Outcome
    return [Finding("value", Outcome.FAILED, f"the gradient of {m.argument} is wrong", m.argument) for m in wrong[:1]]
