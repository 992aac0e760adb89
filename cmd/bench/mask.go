package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/executor/mask"
)

// maskShare is by how much less is masked than written by the output part.
const maskShare = 4

// mask measures what it costs to look for secrets in output, against a simple
// hash of the same bytes, one at a time.
func (b *bench) mask() error {
	size := b.size / maskShare
	run := func(name, text, secrets string) *contestant {
		return &contestant{name: name, argv: []string{b.self, "@mask", fmt.Sprint(size), text, secrets}}
	}
	hash := run("FNV-1a of it", "lines", "hash")
	lines := run("100 secrets, lines of 100 bytes", "lines", "100")
	base64 := run("100 secrets, base64", "base64", "100")
	list := []*contestant{
		hash,
		run("no secret", "lines", "0"),
		run("1 secret", "lines", "1"),
		lines,
		run("100 secrets, random bytes", "binary", "100"),
		base64,
		run("100 private keys of 4 KiB, lines", "lines", "keys"),
	}
	if err := b.race(b.rounds, list); err != nil {
		return err
	}
	b.table.section(fmt.Sprintf("%d MiB of output masked", size>>20))
	for _, c := range list {
		b.table.row(c, hash)
		if c == lines || c == base64 {
			b.table.note("%s MB/s", number(float64(size)/1e6/c.cpu().Seconds()))
		}
	}
	b.table.busy(hash)
	b.table.budget("CPU by that of the hash, lines", lines.ratio(hash, cpuOf), " ×", 2, 1)
	b.table.budget("CPU by that of the hash, base64", base64.ratio(hash, cpuOf), " ×", 4, 2)
	return nil
}

// maskBlock is how much text there is, again and again. One secret is in it.
const maskBlock = 1 << 20

// maskText masks size bytes, or hashes them.
func maskText(size, kind, secrets string) error {
	left, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	all := maskSecrets(r, secrets)
	block := maskOutput(r, kind)
	if len(all) > 0 {
		copy(block[maskBlock/2:], all[0].Value)
	}
	if secrets == "hash" {
		h := fnv.New64a()
		for ; left > 0; left -= maskBlock {
			_, _ = h.Write(block)
		}
		return nil
	}
	m, err := mask.New(all)
	if err != nil {
		return err
	}
	blocks, passed := 0, 0
	w := m.Writer(func(p []byte) { passed += len(p) })
	for ; left > 0; left -= maskBlock {
		blocks++
		for at := 0; at < maskBlock; at += written {
			_, _ = w.Write(block[at : at+written])
		}
	}
	w.Flush()
	want := maskBlock
	if len(all) > 0 {
		want -= len(strings.TrimSpace(all[0].Value)) - len(mask.Stars)
	}
	if passed != blocks*want {
		return fmt.Errorf("%d bytes were passed on, want %d: a secret was missed or other text taken for one", passed, blocks*want)
	}
	return nil
}

// maskSecrets makes secrets of 30 bytes, or keys of many lines.
func maskSecrets(r *rand.Rand, number string) (all []mask.Secret) {
	count, err := strconv.Atoi(number)
	keys := number == "keys"
	if keys {
		count = 100
	} else if err != nil {
		return nil
	}
	for i := range count {
		var value strings.Builder
		if !keys {
			value.Write(symbols(r, 30))
		}
		for range 64 {
			if keys {
				value.Write(append(symbols(r, 64), '\n'))
			}
		}
		all = append(all, mask.Secret{Name: fmt.Sprint("s", i), Value: value.String()})
	}
	return all
}

// maskOutput makes a block of text.
func maskOutput(r *rand.Rand, kind string) []byte {
	var text bytes.Buffer
	for text.Len() < maskBlock {
		switch kind {
		case "lines":
			line := fmt.Sprintf("2026-01-02T03:04:05.%03dZ level=info msg=\"request served\" method=GET path=/api/v1/users/%d status=200 ms=%.4f        ", r.IntN(1000), r.IntN(1e6), r.Float64()*100)
			text.WriteString(line[:99] + "\n")
		case "base64":
			text.Write(append(symbols(r, 76), '\n'))
		case "binary":
			text.WriteByte(byte(r.Uint32()))
		}
	}
	return text.Bytes()[:maskBlock]
}

// symbols returns n random symbols of base64.
func symbols(r *rand.Rand, n int) []byte {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := make([]byte, n)
	for i := range b {
		b[i] = all[r.IntN(len(all))]
	}
	return b
}
