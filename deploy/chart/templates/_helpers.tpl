{{/* Names, labels and the blocks that several templates share. */}}

{{- define "zool.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* What a selector holds: never changes over upgrades. */}}
{{- define "zool.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "zool.labels" -}}
{{ include "zool.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: zool
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "zool.metadata" -}}
name: {{ include "zool.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "zool.labels" . | nindent 2 }}
{{- end }}

{{- define "zool.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "zool.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end }}

{{/* An image of ours: registry, name, tag or digest. */}}
{{- define "zool.image" -}}
{{- $registry := trimSuffix "/" .root.Values.image.registry -}}
{{- $repository := ternary (printf "%s/zool-%s" $registry .image) (printf "zool-%s" .image) (ne $registry "") -}}
{{- if .digest }}{{ $repository }}@{{ .digest }}{{ else }}{{ $repository }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}{{ end -}}
{{- end }}

{{/* An image of somebody else. */}}
{{- define "zool.foreignImage" -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end -}}
{{- end }}

{{- define "zool.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "zool.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* "yes" where a component may have more than one pod. */}}
{{- define "zool.several" -}}
{{- if hasKey . "replicas" }}
{{- if dig "autoscaling" "enabled" false . }}{{ if gt (int .autoscaling.maxReplicas) 1 }}yes{{ end }}{{ else if gt (int .replicas) 1 }}yes{{ end }}
{{- end }}
{{- end }}

{{/* One of several pods at a time may be evicted. */}}
{{- define "zool.budget" -}}
{{- if and .root.Values.podDisruptionBudget.enabled (include "zool.several" .values) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "zool.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "zool.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* What every pod has around its containers. */}}
{{- define "zool.pod" -}}
serviceAccountName: {{ include "zool.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false {{- /* a Service named zool-api would put ZOOL_API_PORT into every pod */}}
securityContext: {{- include "zool.podSecurity" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with default .root.Values.pods.priorityClassName .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- $spread := .root.Values.pods.topologySpread }}
{{- if and $spread.enabled (include "zool.several" .values) }}
topologySpreadConstraints:
  {{- range $key := $spread.keys }}
  - topologyKey: {{ $key }}
    maxSkew: {{ $spread.maxSkew }}
    whenUnsatisfiable: {{ $spread.whenUnsatisfiable }}
    labelSelector:
      matchLabels: {{- include "zool.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "zool.scrape" -}}
{{- if .root.Values.metrics.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end }}

{{/* A key of config.ini as text; numbers pass through JSON, which does not write 1048576 as 1.048576e+06. */}}
{{- define "zool.setting" -}}
{{- if kindIs "slice" . }}{{ join ", " . }}{{ else if kindIs "string" . }}{{ . | replace "\n" " " }}{{ else }}{{ toJson . }}{{ end -}}
{{- end }}

{{- define "zool.natsUrl" -}}
{{- if .Values.nats.enabled }}nats://{{ include "zool.name" . }}-nats:4222{{ else }}{{ .Values.nats.external.url }}{{ end -}}
{{- end }}

{{- define "zool.tritonUrl" -}}
{{- if .Values.triton.enabled }}{{ include "zool.name" . }}-triton:8001{{ else }}{{ .Values.triton.external.url }}{{ end -}}
{{- end }}

{{- define "zool.clickhouseHost" -}}
{{- if .Values.clickhouse.enabled }}{{ include "zool.name" . }}-clickhouse{{ else }}{{ .Values.clickhouse.external.host }}{{ end -}}
{{- end }}

{{- define "zool.natsMonitor" -}}
{{- if .Values.nats.enabled }}{{ include "zool.name" . }}-nats.{{ .Release.Namespace }}.svc:8222{{ else }}{{ .Values.nats.external.monitor }}{{ end -}}
{{- end }}

{{- define "zool.clickhousePort" -}}
{{- if .Values.clickhouse.enabled }}8123{{ else }}{{ .Values.clickhouse.external.port }}{{ end -}}
{{- end }}

{{/* Where the store is, for whoever speaks to it. */}}
{{- define "zool.clickhouseEnviron" -}}
- {name: ZOOL_CLICKHOUSE_HOST, value: {{ include "zool.clickhouseHost" . | quote }}}
- {name: ZOOL_CLICKHOUSE_PORT, value: {{ include "zool.clickhousePort" . | quote }}}
- {name: ZOOL_CLICKHOUSE_USER, value: {{ .Values.clickhouse.user | quote }}}
- {name: ZOOL_CLICKHOUSE_DATABASE, value: {{ .Values.clickhouse.database | quote }}}
- name: ZOOL_CLICKHOUSE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .Values.secrets.clickhouse }}, key: password}}
{{- end }}

{{/* The environment of a stage: ZOOL_<SECTION>_<KEY>, only what the program reads. */}}
{{- define "zool.environ" -}}
- {name: ZOOL_CONFIG, value: /etc/zool/config.ini}
- {name: ZOOL_LOG_LEVEL, value: {{ .root.Values.logLevel | quote }}}
- {name: ZOOL_FACE_HOST, value: 0.0.0.0}
- {name: ZOOL_FACE_PORT, value: "9090"}
- {name: ZOOL_NATS_URL, value: {{ include "zool.natsUrl" .root | quote }}}
- {name: ZOOL_NATS_USER, value: {{ .component }}}
- name: ZOOL_NATS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .root.Values.secrets.nats }}, key: {{ .component }}}}
{{- if and .root.Values.secrets.cameras (has .component (list "ingest" "api")) }}
- {name: ZOOL_SECRETS_KEY_FILE, value: /run/secrets/cameras/keys}
{{- end }}
{{- if eq .component "ingest" }}
- {name: ZOOL_INGEST_SPOOL_DIR, value: /var/spool/zool}
{{- end }}
{{- if has .component (list "ingest" "recognise") }}
- {name: ZOOL_TRITON_URL, value: {{ include "zool.tritonUrl" .root | quote }}}
{{- end }}
{{- if eq .component "deliver" }}
- {name: ZOOL_DELIVER_SECRETS_DIR, value: /run/secrets/deliver}
{{- end }}
{{- if eq .component "recognise" }}
- {name: OPENBLAS_NUM_THREADS, value: "1"}
{{- end }}
{{- if has .component (list "store" "api") }}
{{ include "zool.clickhouseEnviron" .root }}
{{- end }}
{{- if eq .component "api" }}
- {name: ZOOL_API_HOST, value: 0.0.0.0}
- {name: ZOOL_API_PORT, value: "8080"}
- {name: ZOOL_API_TOKEN_FILE, value: /run/secrets/zool/token}
{{- if .root.Values.secrets.oidc }}
- {name: ZOOL_API_OIDC_CLIENT_SECRET_FILE, value: /run/secrets/oidc/secret}
{{- end }}
{{- if or (and .root.Values.ingress.enabled .root.Values.ingress.tlsSecret) (and .root.Values.gateway.enabled .root.Values.gateway.tls) }}
- {name: ZOOL_API_BEHIND_TLS, value: "true"}
{{- end }}
{{- with .root.Values.api.acs }}
{{- if .enabled }}
- {name: ZOOL_API_ACS_HOST, value: 0.0.0.0}
- {name: ZOOL_API_ACS_PORT, value: "50051"}
{{- if .tlsSecret }}
- {name: ZOOL_API_ACS_TLS_CERT_FILE, value: /run/secrets/acs/tls.crt}
- {name: ZOOL_API_ACS_TLS_KEY_FILE, value: /run/secrets/acs/tls.key}
{{- if .clientCertificates }}
- {name: ZOOL_API_ACS_TLS_CLIENT_CA_FILE, value: /run/secrets/acs/ca.crt}
{{- end }}
{{- else }}
- {name: ZOOL_API_ACS_PLAINTEXT, value: "true"}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
