{{- /* By these the parts of this installation are found, for ever. */}}
{{- define "mitsprache.marks" -}}
app.kubernetes.io/name: mitsprache
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "mitsprache.metadata" -}}
name: {{ .root.Release.Name }}-{{ .name }}
labels:
  {{- include "mitsprache.marks" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "mitsprache.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* A look at the part from inside of it, as in docker-compose.yml: the word is `readyz` or `healthz`. */}}
{{- define "mitsprache.look" -}}
{{- $file := eq .name "rasa" | ternary "../deploy/healthy.py" "deploy/healthy.py" -}}
exec: { command: {{ concat (list "python" $file (printf "%s%s" .health.address .word)) (compact (list .health.token)) | toJson }} }
timeoutSeconds: 6
{{- end }}

{{- /* A pod of `part`, called `name`. */}}
{{- define "mitsprache.pod" -}}
{{- $image := eq .name "rasa" | ternary .root.Values.images.rasa .root.Values.images.services -}}
metadata:
  labels:
    {{- include "mitsprache.marks" . | nindent 4 }}
spec:
  automountServiceAccountToken: false
  # Else Kubernetes would set variables such as RASA_PORT, which are settings of ours.
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if .part.replicas }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "mitsprache.marks" . | nindent 10 }}
  {{- else }}
  restartPolicy: Never
  {{- end }}
  # Five seconds in which nobody is sent here any more, ten in which turns come to their end, and some to spare.
  terminationGracePeriodSeconds: 30
  initContainers:
    # Kubernetes gives a secret's files to root, and to our group at best; we refuse what others than the owner can read.
    - name: secrets
      image: {{ $image }}
      command: [sh, -c, "install -m 400 /run/given/* /run/secrets/"]
      securityContext:
        {{- include "mitsprache.hardened" . | nindent 8 }}
      resources:
        requests: { cpu: 10m, memory: 32Mi }
        limits: { cpu: 100m, memory: 32Mi }
      volumeMounts:
        - { name: given, mountPath: /run/given, readOnly: true }
        - { name: secrets, mountPath: /run/secrets }
  containers:
    - name: {{ .name }}
      image: {{ $image }}
      {{- with .part.args }}
      args: {{ toJson . }}
      {{- end }}
      env:
        {{- include "mitsprache.environment" . | nindent 8 }}
      securityContext:
        {{- include "mitsprache.hardened" . | nindent 8 }}
      resources:
        # Memory is promised in full: nobody is killed because others need theirs.
        requests: { cpu: 100m, memory: {{ .part.limits.memory }} }
        limits: {{ toJson .part.limits }}
      {{- with .part.port }}
      ports:
        - { name: http, containerPort: {{ . }} }
      # Told to stop, it is still sent what others have not heard about yet.
      lifecycle: { preStop: { exec: { command: [sleep, "5"] } } }
      {{- end }}
      {{- with .part.health }}
      startupProbe:
        {{- include "mitsprache.look" (dict "name" $.name "health" . "word" "healthz") | nindent 8 }}
        periodSeconds: 5
        failureThreshold: {{ div .patience 5 }}
      livenessProbe:
        {{- include "mitsprache.look" (dict "name" $.name "health" . "word" "healthz") | nindent 8 }}
        periodSeconds: 20
      readinessProbe:
        {{- include "mitsprache.look" (dict "name" $.name "health" . "word" "readyz") | nindent 8 }}
        periodSeconds: 10
      {{- end }}
      volumeMounts:
        - { name: secrets, mountPath: /run/secrets, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if .part.data }}
        - { name: data, mountPath: /data }
        {{- end }}
  volumes:
    - name: given
      secret:
        secretName: {{ .root.Values.secret }}
        defaultMode: 0400
        items:
          {{- range .part.secrets }}
          - { key: {{ . }}, path: {{ . }} }
          {{- end }}
    - { name: secrets, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
    - { name: tmp, emptyDir: { medium: Memory, sizeLimit: 256Mi } }
    {{- if .part.data }}
    - { name: data, persistentVolumeClaim: { claimName: {{ .root.Values.journal }} } }
    {{- end }}
{{- end }}

{{- /* Settings, and where the secrets are. */}}
{{- define "mitsprache.environment" -}}
{{- $given := dict "LOG_LEVEL" .root.Values.logLevel -}}
{{- if ne .name "rasa" -}}
{{- $_ := merge $given (dict "CITY" .root.Values.city "ROUND" .root.Values.round) -}}
{{- end -}}
{{- range .part.secrets -}}
{{- $setting := eq . "pseudonym_key" | ternary "SECRET" (upper .) -}}
{{- $_ := set $given (printf "%s_FILE" $setting) (printf "/run/secrets/%s" .) -}}
{{- end -}}
{{- range $name, $value := merge $given .part.environment }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}
