"""Japanese: what to do about deliveries, and the state of connectors."""

TEXTS = {
    # What to do about a dead letter, by its reason
    "advice.auth": "認証情報の誤り、期限切れ、取り消し、または権限不足です。修正して web と worker を再起動し、"
    "「すべて確認」(flask check) を実行してください。それで再送されます。残ったものは手動で再送してください (flask "
    "replay)。",
    "advice.config": "エラーに示された変数 (修正後に web と worker を再起動)、または相手システムの設定を"
    "修正してください。"
    "その後、「すべて確認」(flask check) を実行すると再送されます。残ったものは手動で再送してください (flask replay)。",
    "advice.rate_limited": "相手システムが何日もリクエストを許可しませんでした。上限を上げてもらうか、コネクターの "
    "_RATE を下げてから、低いレートで再送してください (flask replay)。",
    "advice.quota": "アカウントの利用枠を使い切りました。枠を増やすか更新を待ってから、「すべて確認」(flask check) "
    "を実行してください。それで再送されます。残ったものは手動で再送してください (flask replay)。",
    "advice.timeout": "相手システムが時間内に応答せず、試行回数を使い切りました。復旧したら「すべて確認」(flask check) "
    "を実行してください。それで再送されます。残ったものは手動で再送してください (flask replay)。",
    "advice.network": "相手システムに接続できず、試行回数を使い切りました。アドレス、DNS、プロキシ、"
    "証明書を確認してから、「すべて確認」(flask check) を実行してください。それで再送されます。"
    "残ったものは手動で再送してください (flask replay)。",
    "advice.server_error": "相手システムのエラー (5xx) が続き、試行回数を使い切りました。復旧したら「すべて確認」"
    "(flask check) を実行してください。それで再送されます。残ったものは手動で再送してください (flask replay)。",
    "advice.client_error": "相手システムがこのリクエストを拒否しています。エラーに示されたものを相手側または"
    "変数で修正し、"
    "再送してください (flask replay)。修正できない場合は取りやめてください (flask drop)。",
    "advice.gone": "相手システムは受信を終了しました (410)。新しいアドレスを設定して web と worker を再起動し、"
    "コネクターを再開 (コネクターのページ、flask resume) してから、再送してください (flask replay)。",
    "advice.not_found": "イベントの対象が削除されたか、このアカウントから見えません。存在する場合は権限を修正して"
    "再送し (flask replay)、存在しない場合は取りやめてください (flask drop)。",
    "advice.not_yet": "イベントの対象を読み取れず、試行回数を使い切りました。存在する場合は再送し (flask replay)、"
    "存在しない場合は取りやめてください (flask drop)。",
    "advice.ambiguous": "送信しましたが、結果を確認できませんでした。相手側で処理されたかを確認してください。"
    "処理済みなら取りやめ (flask drop)、そうでなければ再送してください (flask replay)。",
    "advice.crashed": "Feedback Bridge の不具合です。worker のログのうち、この配信の ID を含む行とともに"
    "報告してください。"
    "更新後に再送してください (flask replay)。",
    "advice.other": "エラーを確認してください。原因を解決してから再送してください (flask replay)。",
    # What to do about a delivery that is tried again, by its reason
    "waits.held": "対処は不要です。レート制限の順番を待っているか、送信先の復旧を待っています。",
    "waits.stopped": "コネクターが停止しています。アドレスを修正してから再開してください "
    "(コネクターのページ、flask resume)。",
    "waits.rate_limited": "対処は不要です。相手システムが許可すると再試行します。頻発する場合は、コネクターの "
    "_RATE を下げてください。",
    "waits.quota": "アカウントの利用枠を使い切りました。枠を増やすか、更新を待ってください。15分ごとに再試行します。",
    "waits.not_yet": "対処は不要です。まだ読み取れない段階で通知されました。再試行します。",
    "waits.ambiguous": "対処は不要です。送信しましたが結果は不明です。次の試行では、まず結果が存在するかを確認します。",
    "waits.other": "対処は不要です。自動で再試行します。失敗が続く場合は、エラーに示されたものを修正してください。",
    # The state of a connector, and what to do about it
    "is.stopped": "{name} は停止しています: {why}",
    "is.refused": "{place} が認証情報を拒否しています",
    "is.refused_because": "{place} が認証情報を拒否しています: {error}",
    "is.wrong_setting": "{name} の設定が合っていません: {error}",
    "is.quota": "{place} の利用枠を使い切りました。待機中の配信: {n} 件",
    "is.down": "{place} を利用できません。待機中の配信: {n} 件",
    "is.failing": "{name} の最後の試行が失敗しました: {error}",
    "is.rate_limited": "{name} は今はこれ以上送信できません: {error}",
    "is.busy": "{place} が待つように求めています",
    "is.limited": "{place} のレート制限を待っている配信: {n} 件",
    "is.healthy": "{name} は動作しています",
    "is.unknown": "{name} にはまだ何も送信していません",
    "to_do.stopped": "アドレスを修正し、web と worker を再起動してください。その後、コネクターのページまたは "
    "flask resume {name} で再開すると、待機していた配信が送信されます。拒否された配信は「失敗した配信」"
    "(flask replay) から再送できます。",
    "to_do.misconfigured": "エラーに示されたものを修正し、web と worker を再起動してから、「すべて確認」"
    "(ツールのページ、flask check) を実行してください。すべて正常なら、待機中または失敗した配信が再送されます。",
    "to_do.quota": "枠を増やすか、更新を待ってください。15分ごとに再試行し、そのとき待機中の配信を送信します。",
    "to_do.down": "対処は不要です。自動で再試行し、復旧すると待機中の配信を送信します。長く続く場合は、"
    "そのシステムのステータスページを確認してください。",
    "to_do.limited": "対処は不要です。許可されたレートで送信します。相手システムがさらに許すなら、コネクターの _RATE "
    "を上げてください。",
    "to_do.unknown": "「すべて確認」(ツールのページ、flask check) で動作を確認できます。",
    "to_do.healthy": "対処は不要です。",
}
