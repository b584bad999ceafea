"""Korean: what to do about deliveries, and the state of connectors."""

TEXTS = {
    # What to do about a dead letter, by its reason
    "advice.auth": "인증 정보가 잘못되었거나, 만료 또는 취소되었거나, 권한이 없습니다. 고친 다음 web과 worker를 "
    "다시 시작하고 ‘전체 점검’(flask check)을 실행하세요. 그러면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask "
    "replay)하세요.",
    "advice.config": "오류에 나온 변수(고친 다음 web과 worker를 다시 시작)나 상대 시스템의 설정을 고치세요. 그런 다음 "
    "‘전체 점검’(flask check)을 실행하면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask replay)하세요.",
    "advice.rate_limited": "상대 시스템이 며칠 동안 요청을 허용하지 않았습니다. 한도를 늘리거나 커넥터의 _RATE를 낮춘 "
    "다음, 낮은 속도로 다시 전송(flask replay)하세요.",
    "advice.quota": "계정의 사용량 한도를 모두 썼습니다. 한도를 늘리거나 갱신될 때까지 기다린 다음 ‘전체 "
    "점검’(flask check)을 실행하세요. 그러면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask replay)하세요.",
    "advice.timeout": "상대 시스템이 제시간에 응답하지 않았고, 시도 횟수를 모두 썼습니다. 정상으로 돌아오면 ‘전체 "
    "점검’(flask check)을 실행하세요. 그러면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask replay)하세요.",
    "advice.network": "상대 시스템에 연결하지 못했고, 시도 횟수를 모두 썼습니다. 주소, DNS, 프록시, 인증서를 확인한 "
    "다음 ‘전체 점검’(flask check)을 실행하세요. 그러면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask replay)하세요.",
    "advice.server_error": "상대 시스템의 오류(5xx)가 계속되어 시도 횟수를 모두 썼습니다. 정상으로 돌아오면 ‘전체 "
    "점검’(flask check)을 실행하세요. 그러면 다시 전송됩니다. 남은 것은 직접 다시 전송(flask replay)하세요.",
    "advice.client_error": "상대 시스템이 이 요청을 거부합니다. 오류에 나온 것을 상대 시스템이나 변수에서 고친 다음 "
    "다시 전송(flask replay)하세요. 고칠 수 없으면 취소(flask drop)하세요.",
    "advice.gone": "상대 시스템이 더 이상 받지 않습니다(410). 새 주소를 설정하고 web과 worker를 다시 시작한 다음, "
    "커넥터를 다시 시작(커넥터 페이지, flask resume)하고 다시 전송(flask replay)하세요.",
    "advice.not_found": "이벤트의 대상이 삭제되었거나 이 계정에서 보이지 않습니다. 대상이 있으면 권한을 고치고 다시 "
    "전송(flask replay)하세요. 없으면 취소(flask drop)하세요.",
    "advice.not_yet": "이벤트의 대상을 읽을 수 없었고, 시도 횟수를 모두 썼습니다. 대상이 있으면 다시 전송(flask "
    "replay)하고, 없으면 취소(flask drop)하세요.",
    "advice.ambiguous": "전송했지만 결과를 확인할 수 없었습니다. 상대 시스템에서 처리되었는지 확인하세요. 처리되었으면 "
    "취소(flask drop)하고, 아니면 다시 전송(flask replay)하세요.",
    "advice.crashed": "Feedback Bridge의 결함입니다. worker의 로그에서 이 전송의 ID가 있는 줄과 함께 알려 주세요. "
    "업그레이드한 다음 다시 전송(flask replay)하세요.",
    "advice.other": "오류를 확인하세요. 원인을 해결한 다음 다시 전송(flask replay)하세요.",
    # What to do about a delivery that is tried again, by its reason
    "waits.held": "조치가 필요 없습니다. 속도 제한의 차례를 기다리거나, 목적지가 다시 작동할 때까지 기다립니다.",
    "waits.stopped": "커넥터가 중지되었습니다. 주소를 고친 다음 커넥터를 다시 시작하세요(커넥터 페이지, flask resume).",
    "waits.rate_limited": "조치가 필요 없습니다. 상대 시스템이 허용하면 다시 시도합니다. 자주 발생하면 커넥터의 "
    "_RATE를 낮추세요.",
    "waits.quota": "계정의 사용량 한도를 모두 썼습니다. 한도를 늘리거나 갱신될 때까지 기다리세요. 15분마다 다시 "
    "시도합니다.",
    "waits.not_yet": "조치가 필요 없습니다. 소스가 아직 읽을 수 없는 상태에서 알렸으며, 다시 시도합니다.",
    "waits.ambiguous": "조치가 필요 없습니다. 전송했지만 결과를 알 수 없으므로, 다음 시도에서 먼저 결과가 있는지 "
    "확인합니다.",
    "waits.other": "조치가 필요 없습니다. 자동으로 다시 시도합니다. 계속 실패하면 오류에 나온 것을 고치세요.",
    # The state of a connector, and what to do about it
    "is.stopped": "{name} 커넥터가 중지되었습니다: {why}",
    "is.refused": "{place}에서 인증 정보를 거부합니다",
    "is.refused_because": "{place}에서 인증 정보를 거부합니다: {error}",
    "is.wrong_setting": "{name} 커넥터의 설정이 맞지 않습니다: {error}",
    "is.quota": "{place}의 사용량 한도를 모두 썼습니다. 대기 중인 전송: {n}건",
    "is.down": "{place}을(를) 사용할 수 없습니다. 대기 중인 전송: {n}건",
    "is.failing": "{name} 커넥터의 마지막 시도가 실패했습니다: {error}",
    "is.rate_limited": "{name} 커넥터는 당분간 더 보낼 수 없습니다: {error}",
    "is.busy": "{place}에서 기다려 달라고 요청했습니다",
    "is.limited": "{place}의 속도 제한을 기다리는 전송: {n}건",
    "is.healthy": "{name} 커넥터가 작동합니다",
    "is.unknown": "{name} 커넥터로 아직 전송한 것이 없습니다",
    "to_do.stopped": "주소를 고치고 web과 worker를 다시 시작하세요. 그런 다음 커넥터 페이지나 flask resume {name} "
    "명령으로 커넥터를 다시 시작하면 대기하던 전송을 보냅니다. 거부된 전송은 ‘실패한 전송’(flask replay)에서 다시 "
    "보낼 수 있습니다.",
    "to_do.misconfigured": "오류에 나온 것을 고치고 web과 worker를 다시 시작한 다음 ‘전체 점검’(도구 페이지, flask "
    "check)을 실행하세요. 모두 정상이면 대기하거나 실패한 전송을 다시 보냅니다.",
    "to_do.quota": "한도를 늘리거나 갱신될 때까지 기다리세요. 15분마다 다시 시도하며, 그때 대기 중인 것을 보냅니다.",
    "to_do.down": "조치가 필요 없습니다. 자동으로 다시 시도하며, 작동하면 대기 중인 것을 보냅니다. 오래 계속되면 해당 "
    "시스템의 상태 페이지를 확인하세요.",
    "to_do.limited": "조치가 필요 없습니다. 허용된 속도로 보냅니다. 시스템이 더 허용하면 커넥터의 _RATE를 높이세요.",
    "to_do.unknown": "‘전체 점검’(도구 페이지, flask check)에서 작동 여부를 확인할 수 있습니다.",
    "to_do.healthy": "조치가 필요 없습니다.",
}
