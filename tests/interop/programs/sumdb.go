// Has golang.org/x/mod/sumdb judge notes, proofs and tiles; none of our code runs here.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

type question struct {
	Name, Kind, Record, Note, Directory string
	Index, Old, New                     int64
	OldRoot, NewRoot                    string
	Hashes                              []string
}

type answer struct {
	Name     string `json:"name"`
	Accepted bool   `json:"accepted"`
	Why      string `json:"why"`
}

func main() {
	var asked struct {
		VKey      string
		Questions []question
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	verifier, err := note.NewVerifier(asked.VKey)
	if err != nil {
		log.Fatal(err)
	}
	known := note.VerifierList(verifier)
	answers := []answer{}
	for _, q := range asked.Questions {
		if err := judge(q, verifier.Name(), known); err != nil {
			answers = append(answers, answer{q.Name, false, err.Error()})
		} else {
			answers = append(answers, answer{q.Name, true, ""})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func judge(q question, origin string, known note.Verifiers) error {
	hashes := []tlog.Hash{}
	for _, text := range q.Hashes {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	if q.Kind == "consistency" {
		oldRoot, err := tlog.ParseHash(q.OldRoot)
		if err != nil {
			return err
		}
		newRoot, err := tlog.ParseHash(q.NewRoot)
		if err != nil {
			return err
		}
		return tlog.CheckTree(hashes, q.New, newRoot, q.Old, oldRoot)
	}
	tree, err := open(q.Note, origin, known)
	if err != nil {
		return err
	}
	switch q.Kind {
	case "checkpoint":
		return nil
	case "inclusion":
		record, err := base64.StdEncoding.DecodeString(q.Record)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(hashes, tree.N, tree.Hash, q.Index, tlog.RecordHash(record))
	case "tiles":
		return rebuild(tree, q.Directory)
	}
	return fmt.Errorf("no such kind of question: %s", q.Kind)
}

// open returns the tree of a checkpoint that the log signed.
func open(text, origin string, known note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads tiles from files: sumdb's paths name the height, those of C2SP tlog-tiles do not.
type tiles struct{ directory string }

func (tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
		content, err := os.ReadFile(filepath.Join(t.directory, path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// rebuild proves every record from the tiles alone, and that the log grew from every older size.
func rebuild(tree tlog.Tree, directory string) error {
	reader := tlog.TileHashReader(tree, tiles{directory})
	for n := int64(0); n < tree.N; n++ {
		leaves, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaves[0]); err != nil {
			return err
		}
		older, err := tlog.TreeHash(n+1, reader)
		if err != nil {
			return err
		}
		grown, err := tlog.ProveTree(tree.N, n+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(grown, tree.N, tree.Hash, n+1, older); err != nil {
			return err
		}
	}
	return nil
}
