package main

import (
	"bufio"
	"net/textproto"
	"strings"

	"github.com/cloudops-run/runbook/executor/sink/webhook"
)

// webhookHeaders is the variable with headers for webhooks, a line each. There is no
// flag: everyone on the machine can read a command line.
const webhookHeaders = "RUNBOOK_WEBHOOK_HEADERS"

func (c *cli) addWebhook(s *sinks, address string) error {
	u, err := webhook.Parse(address)
	if err != nil {
		return usage("", "sink webhook: want %v", err)
	}
	header, err := c.webhookHeader()
	if err != nil {
		return err
	}
	w := webhook.New(u, header)
	s.add("webhook "+webhook.Shown(address), false, w, w.Close)
	s.open[len(s.open)-1].finish = w.Finish
	return nil
}

func (c *cli) webhookHeader() (map[string][]string, error) {
	text := strings.TrimSpace(c.env(webhookHeaders))
	if text == "" {
		return nil, nil
	}
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\n\n"))).ReadMIMEHeader()
	if err != nil { // which has the header in it
		return nil, usage("", "%s has a line that is no header, want lines such as Authorization: Bearer TOKEN", webhookHeaders)
	}
	return header, nil
}
