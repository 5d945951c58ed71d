{{- /*
What each part is: the counterpart of the services in docker-compose.yml. `secrets` are given as files, `calls` is all
that a part may call; who may call it follows from that.
*/}}
{{- define "mitsprache.parts" -}}
{{- $here := printf "http://%s" .Release.Name -}}
{{- $channels := concat (list "pseudonym_key" "database_url" "redis_url") (.Values.telegram | ternary (list "telegram_token" "telegram_secret") list) -}}
{{- $internet := .Values.telegram | ternary (list "internet") list -}}
bot:
  port: 8080
  replicas: {{ .Values.replicas.bot }}
  health: { address: "http://127.0.0.1:8080/", patience: 120 }
  environment:
    BOT_HOST: 0.0.0.0
    RASA_URL: {{ $here }}-rasa:5005
    BACKGROUND: "no"
    {{- include "mitsprache.channels" . | nindent 4 }}
  secrets: {{ append $channels "rasa_token" | toJson }}
  data: true
  calls: {{ concat (list "rasa" "postgresql" "redis") $internet | toJson }}
  limits: { cpu: "2", memory: 512Mi }
worker:
  args: [python, -m, bot, worker]
  replicas: {{ .Values.replicas.worker }}
  health: { address: "http://127.0.0.1:8080/", patience: 120 }
  environment:
    {{- include "mitsprache.channels" . | nindent 4 }}
  secrets: {{ $channels | toJson }}
  data: true
  calls: {{ concat (list "postgresql" "redis") $internet | toJson }}
  limits: { cpu: 500m, memory: 512Mi }
rasa:
  port: 5005
  replicas: {{ .Values.replicas.rasa }}
  health:
    address: http://127.0.0.1:5005/webhooks/mitsprache/
    token: /run/secrets/rasa_token
    patience: 300
  environment:
    ACTIONS_URL: {{ $here }}-actions:5055
  secrets: [rasa_token, actions_token, database_url]
  calls: [actions, postgresql]
  limits: { cpu: "2", memory: 1Gi }
actions:
  args: [python, -m, actions]
  port: 5055
  replicas: {{ .Values.replicas.actions }}
  health: { address: "http://127.0.0.1:5055/", patience: 120 }
  environment: { ACTIONS_HOST: 0.0.0.0 }
  secrets: [pseudonym_key, database_url, actions_token]
  data: true
  calls: [postgresql]
  limits: { cpu: "2", memory: 768Mi }
migrate:
  args: [python, -m, store, migrate]
  environment: {}
  secrets: [pseudonym_key, database_url]
  data: true
  calls: [postgresql]
  limits: { cpu: "1", memory: 256Mi }
{{- end }}

{{- define "mitsprache.channels" -}}
WEBSITE: https://{{ .Values.site }}/chat
{{- with .Values.limits }}
LIMIT_ALL: {{ .all }}
LIMIT_NEW: {{ .new }}
{{- end }}
{{- if .Values.telegram }}
TELEGRAM_WEBHOOK: https://{{ .Values.site }}/telegram
{{- end }}
{{- end }}
