package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
)

// accessNotes tells which rights and ways through the network are others.
func accessNotes(k *keel.Installation) []string {
	all := []string{
		"Keel's ClusterRole reads all Secrets, updates and deletes Pods and workloads, and writes ConfigMaps. Garboard's webhook reads namespaces, and the pull secrets that workloads name; its updater reads workloads and patches one annotation of their templates; each has a ServiceAccount of its own.",
		"The API server has to reach the webhook: from its network to the Service garboard-webhook, port 443 (Pods: 9443).",
		"Webhook and updater both ask the registries: where a NetworkPolicy or proxy let Keel out, let out both. Private addresses are refused unless the registry settings say private.",
		"cert-manager has to be there: it makes the webhook's certificate.",
	}
	if k != nil {
		all = append(all, "Chats and mail are reached from the updater, as they were from Keel.",
			"In place of Keel's page and API on port 9300 there are garboard page, garboard status and kubectl, on your own machine and with your own rights. The component page is a page in the cluster.")
	}
	return all
}

// instruct writes the order of the steps, and the way back.
func (p *Plan) instruct(in *input, o Options) {
	p.Steps = append(p.Steps, p.prepare(in)...)
	p.Steps = append(p.Steps, p.change(in, o.Flags)...)
	p.Back = p.goBack(in)
	if o.Both {
		p.Both = sideBySide(in, p.Namespaces)
	}
}

// prepare is what disturbs nothing: no namespace has opted in yet.
func (p *Plan) prepare(in *input) []Step {
	steps := []Step{{Text: "Install cert-manager, then Garboard with your image, which docs/install.md has an overlay for. With the chart, see docs/keel.md. No namespace has opted in, so nothing changes.",
		Commands: []string{"kubectl kustomize manifests/base | kubectl apply --server-side -f -"}}}
	for _, s := range p.Secrets {
		lines := make([]string, 0, len(s.Keys)+1)
		lines = append(lines, "kubectl -n "+garboardNamespace+" create secret generic "+s.Name)
		for _, key := range s.Keys {
			lines = append(lines, fmt.Sprintf(`  --from-literal=%s="$(%s)"`, key.Name, key.Command))
		}
		steps = append(steps, Step{Text: "Make the Secret " + s.Name + " of what Keel has. The commands read it with your rights.",
			Commands: []string{strings.Join(lines, " \\\n")}})
	}
	overlays := make([]string, 0, len(p.Settings)+1)
	for _, f := range p.Settings {
		overlays = append(overlays, f.Overlay)
	}
	if in.keel != nil && in.keel.Is(keel.Helm3Provider) {
		overlays = append(overlays, "helm-values")
	}
	if len(overlays) > 0 {
		steps = append(steps, Step{Text: "Turn on what Keel had on, by an overlay of the components " + strings.Join(overlays, ", ") + " (manifests/components), and apply it. It brings settings of its own until those of the plan replace them below."})
	}
	return append(steps, p.letVote()...)
}

// letVote gives people the right to vote where workloads wait for that. Keel has no names of
// voters, so the group is the reader's.
func (p *Plan) letVote() []Step {
	var commands []string
	for _, w := range p.Workloads {
		if !slices.ContainsFunc(w.Containers, func(c Container) bool { return c.Garboard.Does == WaitsForVotes }) {
			continue
		}
		command := "kubectl -n " + quoteForShell(w.Namespace) + " create rolebinding voters --clusterrole=garboard-voter --group=GROUP"
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	if len(commands) == 0 {
		return nil
	}
	return []Step{{Text: "Let people vote, in each namespace with workloads that wait for approvals: without voters these do not move. GROUP is yours; --user=NAME and --serviceaccount=NAMESPACE:NAME will do as well.", Commands: commands}}
}

// change is the switch: Keel ends before the first namespace opts in, so that no workload
// has both at work on it, and what is pushed in between is found by the first poll.
func (p *Plan) change(in *input, flags []string) []Step {
	var steps []Step
	var off []string
	for _, w := range p.Workloads {
		if w.PutOff != "" {
			off = append(off, w.PutOff)
		}
	}
	if len(off) > 0 {
		steps = append(steps, Step{Text: "Hold the workloads that would roll at the switch, if they are not to. A hold ends when something newer is pushed.", Commands: off})
	}
	if in.keel != nil {
		text := "Stop Keel. What is pushed from now on is found by Garboard's first poll."
		if in.keel.Keeper != "" {
			text += " " + in.keel.Keeper + " keeps it as Git has it: take it out there, or suspend that, or it is started again."
		}
		steps = append(steps, Step{Text: text,
			Commands: []string{scale(in.keel, 0)}})
	}
	apply := "Apply the settings and the labels of the namespaces."
	if slices.Contains(flags, "--filename=-") {
		apply += " What this plan read from standard input it has to be given again."
	}
	steps = append(steps, Step{Text: apply,
		Commands: []string{planAgain(flags) + " -o yaml | kubectl apply --server-side -f -"}})
	if in.keel != nil && in.keel.Votes() {
		steps = append(steps, Step{Text: "For votes in Slack, write the chat settings (docs/chat.md): the ID of the channel, and which user of the cluster each member is, which Keel does not know. Give Slack's app the command and the scopes that are told there, and apply the component chat. Do so after Keel has stopped: of two connections of one app, Slack sends each vote to one."})
	}
	if in.reached != "" {
		steps = append(steps, Step{Text: "Let what led to Keel (" + in.reached + ") lead to the Service garboard-push in the namespace garboard, port 9300. Paths stay."})
	}
	steps = append(steps, Step{Text: "Look at it: what is governed, what waits, and what was moved.",
		Commands: []string{"garboard status -A", "kubectl get events -A --field-selector reason=ImageUpdated"}})
	if in.keel != nil {
		steps = append(steps, Step{Text: "Remove Keel when you are content. Its keys on workloads stay: Garboard reads them."})
	}
	return steps
}

// planAgain is the command that makes this plan once more.
func planAgain(flags []string) string {
	var command strings.Builder
	command.WriteString("garboard migrate keel")
	for _, flag := range flags {
		command.WriteString(" " + quoteForShell(flag))
	}
	return command.String()
}

// goBack is the way back. Images stay as they are.
func (p *Plan) goBack(in *input) []Step {
	commands := make([]string, 0, len(p.Namespaces))
	for _, n := range p.Namespaces {
		commands = append(commands, "kubectl label namespace "+quoteForShell(n.Name)+" "+workload.LabelEnabled+"-")
	}
	back := []Step{{Text: "Take the labels off. Images and Pods stay as they are; the next apply of a manifest brings its own tag, as with Keel.", Commands: commands}}
	if in.keel != nil {
		back = append(back, Step{Text: "Start Keel again.", Commands: []string{scale(in.keel, 1)}})
	}
	return back
}

func scale(k *keel.Installation, replicas int) string {
	return fmt.Sprintf("kubectl -n %s scale deployment %s --replicas=%d", quoteForShell(k.Namespace), quoteForShell(k.Name), replicas)
}

// sideBySide tells how both run in one cluster, each on namespaces of its own.
func sideBySide(in *input, namespaces []Namespace) []Step {
	names := make([]string, 0, len(namespaces))
	for _, n := range namespaces {
		names = append(names, n.Name)
	}
	steps := []Step{
		{Text: "Both never work on one workload: Keel goes by the key keel.sh/policy on the workload, Garboard by the namespace's label and either key. Keel cannot leave a namespace out, so a namespace changes sides by the keys of its workloads."},
		{Text: "For a namespace that changes sides: rename the policy of each workload, which takes it away from Keel, and then label the namespace. Other keys of Keel may stay.",
			Commands: []string{
				"kubectl -n NAMESPACE annotate deployment/NAME " + workload.Prefix + "policy=POLICY " + workload.KeelKey("policy") + "-",
				"kubectl label namespace NAMESPACE " + workload.LabelEnabled + "=true",
			}},
		{Text: "A label keel.sh/policy is taken off by kubectl label, and keel.sh/policy in the manifests has to be renamed, too, or the next apply brings it back."},
	}
	if len(names) > 0 {
		steps = append(steps, Step{Text: "Namespaces with workloads of Keel: " + strings.Join(names, ", ") + "."})
	}
	if in.keel != nil && in.keel.Restricted() != "" && slices.Contains(names, in.keel.Restricted()) {
		steps = append(steps, Step{Text: "This Keel looks at " + in.keel.Restricted() + " alone (RESTRICTED_NAMESPACE): every other namespace may be Garboard's as it is."})
	} else {
		steps = append(steps, Step{Text: "Or let Keel keep one namespace: with RESTRICTED_NAMESPACE it looks at that alone, and all others may be labelled as they are."})
	}
	return steps
}
