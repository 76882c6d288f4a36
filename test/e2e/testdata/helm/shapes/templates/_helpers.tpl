{{- define "shapes.image" -}}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository | default .name | default .repo }}:{{ .tag }}{{ with .digest }}@{{ . }}{{ end }}{{ with .sha }}@sha256:{{ . }}{{ end }}
{{- end -}}
