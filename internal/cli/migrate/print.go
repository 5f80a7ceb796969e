package migrate

import (
	"fmt"
	"strings"

	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/printable"
)

// renderPlan writes a plan for people, in its six parts.
func renderPlan(p *plan.Plan) string {
	w := &printer{}
	w.head(p)
	w.part("1. Settings", func() { w.settings(p) })
	w.part("2. Namespaces", func() { w.namespaces(p) })
	w.part("3. Workloads", func() { w.workloads(p) })
	w.part("4. Webhooks of registries", func() { w.webhooks(p) })
	w.part("5. Rights and network", func() { w.lines(p.Access) })
	w.part("6. Steps", func() { w.steps(p.Steps) })
	w.part("The way back", func() { w.steps(p.Back) })
	if len(p.Both) > 0 {
		w.part("Both side by side", func() { w.steps(p.Both) })
	}
	return w.text.String()
}

type printer struct{ text strings.Builder }

func (w *printer) line(format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = shownText(text)
		}
	}
	fmt.Fprintf(&w.text, format+"\n", args...)
}

// maxShown is longer than any command of a plan.
const maxShown = 8 << 10

// shownText keeps what a manifest has from steering the terminal.
func shownText(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable.Escape(lines[i], maxShown)
	}
	return strings.Join(lines, "\n")
}

func (w *printer) part(title string, write func()) {
	w.line("\n%s\n", title)
	write()
}

func (w *printer) lines(all []string) {
	for _, text := range all {
		w.line("  - %s", text)
	}
}

func (w *printer) head(p *plan.Plan) {
	rolls := 0
	for _, item := range p.Workloads {
		if item.Rolls {
			rolls++
		}
	}
	switch {
	case p.Keel == nil:
		w.line("Workloads with settings of Keel, and no Keel among what was read: its environment is not known.")
	case p.Keel.Restricted != "":
		w.line("Keel %s/%s (%s), which looks at the namespace %s alone.", p.Keel.Namespace, p.Keel.Name, p.Keel.Image, p.Keel.Restricted)
	default:
		w.line("Keel %s/%s (%s).", p.Keel.Namespace, p.Keel.Name, p.Keel.Image)
	}
	w.line("%s of interest; %s to label. At the switch, or soon after it, %s to what Keel would not move to now.",
		printable.Count(len(p.Workloads), "workload"), printable.Count(len(p.Namespaces), "namespace"), rolling(rolls))
	w.line("Nothing was changed. -o yaml prints what can be applied.")
}

func (w *printer) settings(p *plan.Plan) {
	for _, fate := range []keel.Fate{keel.Mapped, keel.NotPossible, keel.NotNeeded, keel.NotRead} {
		first := true
		for _, v := range p.Variables {
			if v.Fate != fate {
				continue
			}
			if first {
				w.line("  %s:", string(fate))
				first = false
			}
			from := ""
			if v.From != "" {
				from = " (Secret " + v.From + ")"
			}
			if v.ConfigMap != "" {
				from = " (ConfigMap " + v.ConfigMap + ")"
			}
			w.line("    %s%s: %s", v.Name, from, v.Why)
		}
	}
	for _, f := range p.Settings {
		w.line("\n  %s, in the ConfigMap garboard/%s:\n", f.Name, f.ConfigMap)
		for text := range strings.Lines(f.Text) {
			w.line("    %s", strings.TrimSuffix(text, "\n"))
		}
	}
	for _, s := range p.Secrets {
		w.line("\n  The Secret garboard/%s, which you make (step 2 and on):\n", s.Name)
		for _, key := range s.Keys {
			w.line("    %s: of %s", key.Name, strings.Join(key.Of, ", "))
		}
	}
	if len(p.Settings)+len(p.Variables) == 0 {
		w.line("  none")
	}
}

func (w *printer) namespaces(p *plan.Plan) {
	for _, n := range p.Namespaces {
		w.line("  %s: label garboard.dev/enabled=true", n.Name)
		for _, key := range []string{"garboard.dev/pollSchedule", "garboard.dev/trigger"} {
			if value, ok := n.Annotations[key]; ok {
				w.line("    annotation %s: %s", key, value)
			}
		}
	}
}

func (w *printer) workloads(p *plan.Plan) {
	for i := range p.Workloads {
		item := &p.Workloads[i]
		mark := ""
		if item.Rolls {
			mark = "  ROLLS"
		}
		w.line("  %s %s/%s%s", item.Kind, item.Namespace, item.Name, mark)
		w.notes("    ", item.Notes)
		for _, c := range item.Containers {
			w.line("    %s: %s", c.Name, c.Image)
			w.line("      Keel: %s; Garboard: %s", keelText(c.Keel), garboardText(c.Garboard))
			w.notes("      ", c.Notes)
		}
		if item.PutOff != "" {
			w.line("    to put it off until something newer is pushed: %s", item.PutOff)
		}
	}
}

func (w *printer) notes(indent string, notes []plan.Note) {
	for _, n := range notes {
		w.line(indent+"%s: %s", n.Reason, n.Text)
	}
}

func keelText(a plan.Act) string {
	switch a.Does {
	case plan.Moves:
		return "moves to " + a.Tag + " with its next poll"
	case plan.Follows:
		return "rolls when the digest of the tag changes"
	case plan.WaitsForPush:
		return "waits for a push"
	case plan.WaitsForVotes:
		return "waits for votes"
	case plan.NotGoverned:
		return "does not look at it"
	case plan.Stays:
		return "stays"
	default:
		return "not known, since the tags are not"
	}
}

func garboardText(a plan.Act) string {
	switch a.Does {
	case plan.Moves:
		return "moves to " + a.Tag + " with its first poll"
	case plan.PinsDigest:
		return "writes the digest behind the tag with its first poll"
	case plan.Follows:
		return "moves when the digest of the tag changes"
	case plan.WaitsForVotes:
		return "waits for votes"
	case plan.WaitsForGate:
		return "waits for a gate"
	case plan.NotGoverned:
		return "leaves it alone"
	case plan.Stays:
		return "stays"
	default:
		return "not known, since the tags are not"
	}
}

func (w *printer) webhooks(p *plan.Plan) {
	for _, hook := range p.Webhooks {
		keeps := "ends"
		if hook.Keeps {
			keeps = "keeps working"
		}
		w.line("  %s: %s; %s", hook.Path, keeps, hook.Why)
	}
	if len(p.Webhooks) == 0 {
		w.line("  not known without Keel's Deployment")
	}
}

func (w *printer) steps(steps []plan.Step) {
	for i, s := range steps {
		w.line("  %d. %s", i+1, s.Text)
		for _, command := range s.Commands {
			w.line("%s", indented(command))
		}
	}
}

func indented(command string) string {
	return "       " + strings.ReplaceAll(command, "\n", "\n       ")
}

func rolling(n int) string {
	switch n {
	case 0:
		return "none rolls"
	case 1:
		return "1 rolls"
	default:
		return fmt.Sprintf("%d roll", n)
	}
}
