{{/* What the API server is to ask of the webhook, at a path. Called with the root and the path. */}}
{{- define "garboard.clientConfig" -}}
{{- $root := index . 0 -}}
service:
  name: garboard-webhook
  namespace: {{ $root.Release.Namespace }}
  path: {{ index . 1 }}
  port: 443
{{- if eq $root.Values.certificates.source "files" }}
caBundle: {{ $root.Values.certificates.caBundle | b64enc }}
{{- end }}
{{- end }}

{{/* cert-manager's cainjector writes the caBundle. */}}
{{- define "garboard.caAnnotations" -}}
{{- if eq .Values.certificates.source "certManager" -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/garboard-webhook
{{- end }}
{{- end }}

{{- define "garboard.namespaceSelector" -}}
matchLabels:
  garboard.dev/enabled: "true"
matchExpressions:
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ include "garboard.excludedNamespaces" . }}
{{- end }}

{{- define "garboard.objectSelector" -}}
{{- if .Values.admission.escapeLabel -}}
objectSelector:
  matchExpressions:
  - key: garboard.dev/skip
    operator: NotIn
    values: ["true"]
{{- end }}
{{- end }}

{{/* Every resource by name: "*" would catch subresources such as pods/exec. */}}
{{- define "garboard.rules" -}}
- operations: [CREATE, UPDATE]
  apiGroups: [apps]
  apiVersions: [v1]
  resources: [daemonsets, deployments, replicasets, statefulsets]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods, replicationcontrollers]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [batch]
  apiVersions: [v1]
  resources: [cronjobs, jobs]
  scope: Namespaced
{{- range .Values.customKinds }}
- operations: [CREATE, UPDATE]
  apiGroups: [{{ .group }}]
  apiVersions: [{{ .version }}]
  resources: [{{ .resource }}]
  scope: Namespaced
{{- end }}
{{- end }}
