package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsOfVotes(t *testing.T) {
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	const needs = "needs UPDATE or RESOURCE/NAME, such as deployment/shop, or --selector, or --all\n"
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing to approve":              {[]string{"approve"}, needs},
		"nothing to reject":               {[]string{"reject", "-m", "no"}, needs},
		"nothing to withdraw":             {[]string{"vote", "withdraw"}, needs},
		"a name and all":                  {[]string{"approve", "shop-1", "--all"}, "allowed: one of UPDATE or RESOURCE/NAME, --selector and --all\n"},
		"a name in all namespaces":        {[]string{"approve", "shop-1", "-A"}, "--all-namespaces: goes with --all and --selector alone\n"},
		"both kinds of scope":             {[]string{"reject", "--all", "-A", "-n", "team"}, "--namespace: not together with --all-namespaces\n"},
		"labels that are none":            {[]string{"approve", "-l", "a=(b"}, "--selector: \"a=(b\": allowed: labels, such as team=shop,tier!=db\n"},
		"a name with too many parts":      {[]string{"approve", "apps/deployment/shop"}, "\"apps/deployment/shop\": allowed: UPDATE or RESOURCE/NAME, such as deployment/shop\n"},
		"a comment that is a book":        {[]string{"approve", "a", "-m", strings.Repeat("ä", 1025)}, "--comment: has 1025 characters: allowed: at most 1024\n"},
		"a workload that is reopened":     {[]string{"approve", "deploy/shop", "--reopen"}, "--reopen: goes with UPDATE alone: kubectl get imageupdates lists those that are over, too\n"},
		"a rejection that reopens":        {[]string{"reject", "shop-1", "--reopen"}, "--reopen: unknown flag\n"},
		"a dry run without a server":      {[]string{"approve", "a", "--dry-run=client"}, "--dry-run: \"client\": allowed: none, server\n"},
		"a format that is none":           {[]string{"approve", "a", "-o", "wide"}, "--output: \"wide\": allowed: json, yaml, name\n"},
		"what a withdrawal has not":       {[]string{"vote", "withdraw", "a", "-o", "json"}, "--output: \"json\": allowed: name\n"},
		"an argument of pending":          {[]string{"pending", "deploy/shop"}, "\"deploy/shop\": unexpected argument\n"},
		"a format that pending has not":   {[]string{"pending", "-o", "table"}, "--output: \"table\": allowed: wide, json, yaml, name\n"},
		"pending of both kinds of scope":  {[]string{"pending", "-A", "-n", "team"}, "--namespace: not together with --all-namespaces\n"},
		"pending of labels that are none": {[]string{"pending", "-l", "==="}, "--selector: \"===\": allowed: labels, such as team=shop,tier!=db\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(outcome{Code: 2, Err: test.want}, garboard(t, nil, nil, test.args...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
