"""English: what to do about deliveries, and the state of connectors."""

TEXTS = {
    # What to do about a dead letter, by its reason
    "advice.auth": "The credential is wrong, has expired, was revoked, or lacks a permission. Correct it, restart "
    "web and worker, then check everything (flask check): that sends these again. If some are left, send them again "
    "(flask replay).",
    "advice.config": "Correct what the error names: a variable (then restart web and worker), or a setting of that "
    "system. Then check everything (flask check): that sends these again. If some are left, send them again (flask "
    "replay).",
    "advice.rate_limited": "That system allowed nothing for days. Ask for a higher limit, or lower the connector's "
    "_RATE; then send again (flask replay) at a low rate.",
    "advice.quota": "The quota of the account is used up. Raise it, or wait until it is renewed; then check everything "
    "(flask check): that sends these again. If some are left, send them again (flask replay).",
    "advice.timeout": "That system did not answer in time, and the attempts ran out. When it works, check everything "
    "(flask check): that sends these again. If some are left, send them again (flask replay).",
    "advice.network": "That system could not be reached, and the attempts ran out. Look at its address, DNS, proxy "
    "and certificate; then check everything (flask check): that sends these again. If some are left, send them "
    "again (flask replay).",
    "advice.server_error": "That system failed (5xx), and the attempts ran out. When it works, check everything "
    "(flask check): that sends these again. If some are left, send them again (flask replay).",
    "advice.client_error": "That system refuses this request. Correct what the error names, there or in a variable; "
    "then send again (flask replay). If it cannot be corrected, drop it (flask drop).",
    "advice.gone": "That system wants no more requests (410). Set a new address, restart web and worker, start the "
    "connector again (page Connectors, flask resume); then send again (flask replay).",
    "advice.not_found": "The subject of the event was deleted, or our account cannot see it. If it exists, correct the "
    "permission and send again (flask replay); else drop it (flask drop).",
    "advice.not_yet": "The subject of the event could not be read, and the attempts ran out. If it exists, send again "
    "(flask replay); else drop it (flask drop).",
    "advice.ambiguous": "It was sent, and its result could not be found out. Look there whether it was done: if so, "
    "drop it (flask drop); else send again (flask replay).",
    "advice.crashed": "This is a defect of Feedback Bridge. Report it, with the lines of the worker's log that have "
    "the delivery's id. After an upgrade, send again (flask replay).",
    "advice.other": "Read the error. When its cause is gone, send again (flask replay).",
    # What to do about a delivery that is tried again, by its reason
    "waits.held": "Nothing. It waits for its turn in a rate limit, or until its destination works again.",
    "waits.stopped": "The connector has stopped. Correct its address, then start it again (page Connectors, flask "
    "resume).",
    "waits.rate_limited": "Nothing. It is tried again when that system allows it. If this happens often, lower the "
    "connector's _RATE.",
    "waits.quota": "The quota of the account is used up. Raise it, or wait until it is renewed: it is tried again "
    "every 15 minutes.",
    "waits.not_yet": "Nothing. The source announced it before it could be read; it is tried again.",
    "waits.ambiguous": "Nothing. It was sent, and the result is unknown; the next attempt looks for the effect first.",
    "waits.other": "Nothing. It is tried again by itself. If it fails each time, correct what the error names.",
    # The state of a connector, and what to do about it
    "is.stopped": "{name} has stopped: {why}",
    "is.refused": "{place} refuses our credentials",
    "is.refused_because": "{place} refuses our credentials: {error}",
    "is.wrong_setting": "A setting of {name} does not fit: {error}",
    "is.quota": "{place} has used up its quota. Deliveries that wait for it: {n}",
    "is.down": "{place} is not available. Deliveries that wait for it: {n}",
    "is.failing": "The last attempt of {name} failed: {error}",
    "is.rate_limited": "{name} may send no more for now: {error}",
    "is.busy": "{place} asked us to wait",
    "is.limited": "Deliveries that wait for the rate limit of {place}: {n}",
    "is.healthy": "{name} works",
    "is.unknown": "Nothing was sent to {name} yet",
    "to_do.stopped": "Correct its address and restart web and worker. Then start it again, on the page Connectors or "
    "with flask resume {name}: the waiting deliveries are sent. Send the refused ones again from Dead letters "
    "(flask replay).",
    "to_do.misconfigured": "Correct what the error names, restart web and worker, then check everything (page Tools, "
    "flask check): waiting and dead deliveries are sent again when all is well.",
    "to_do.quota": "Raise the quota, or wait until it is renewed. It is tried again every 15 minutes, and the waiting "
    "deliveries are sent then.",
    "to_do.down": "Nothing. It is tried again by itself, and the waiting deliveries are sent when it works. If it "
    "lasts, look at the status page of that system.",
    "to_do.limited": "Nothing. The waiting deliveries are sent at the allowed rate. If that system allows more, raise "
    "the connector's _RATE.",
    "to_do.unknown": "Check everything (page Tools, flask check) shows whether it would work.",
    "to_do.healthy": "Nothing.",
}
