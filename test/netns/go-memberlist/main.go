// A member of a hashicorp/memberlist cluster for tests, at the version MetalLB pins. It takes commands on
// standard input, a line each, and writes what happens to standard output, a JSON object a line.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

var output sync.Mutex

// say writes one line; events of memberlist and answers to commands come from different goroutines.
func say(line any) {
	output.Lock()
	defer output.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}

type event struct {
	Event string `json:"event"`
	Name  string `json:"name"`
}

type events struct{}

func (events) NotifyJoin(n *memberlist.Node)   { say(event{"join", n.Name}) }
func (events) NotifyLeave(n *memberlist.Node)  { say(event{"leave", n.Name}) }
func (events) NotifyUpdate(n *memberlist.Node) { say(event{"update", n.Name}) }

// delegate tells of user messages and gives this member metadata and user state of its own.
type delegate struct{ meta, state []byte }

func (d delegate) NodeMeta(int) []byte             { return d.meta }
func (delegate) NotifyMsg(b []byte)                { say(event{"message", string(b)}) }
func (delegate) GetBroadcasts(int, int) [][]byte   { return nil }
func (d delegate) LocalState(bool) []byte          { return d.state }
func (delegate) MergeRemoteState(b []byte, _ bool) { say(event{"state", string(b)}) }

type options struct {
	profile, keys, meta, state string
	config                     func(*memberlist.Config)
}

func parse() options {
	name := flag.String("name", "", "name of this member")
	bind := flag.String("bind", "127.0.0.1", "address to listen on and to tell others")
	port := flag.Int("port", 7946, "port of the same")
	label := flag.String("label", "", "label of the cluster")
	compression := flag.Bool("compression", true, "compress what is sent")
	protocol := flag.Uint("protocol", 2, "protocol version spoken")
	incoming := flag.Bool("verify-incoming", true, "refuse what is not encrypted")
	outgoing := flag.Bool("verify-outgoing", true, "encrypt what is sent")
	o := options{}
	flag.StringVar(&o.profile, "profile", "lan", "lan, wan or local")
	flag.StringVar(&o.keys, "keys", "", "keys in hex, by commas; the first one seals")
	flag.StringVar(&o.meta, "meta", "", "metadata of this member")
	flag.StringVar(&o.state, "state", "", "user state of this member")
	flag.Parse()
	o.config = func(c *memberlist.Config) {
		c.Name, c.Label = *name, *label
		c.BindAddr, c.BindPort, c.AdvertiseAddr, c.AdvertisePort = *bind, *port, *bind, *port
		c.EnableCompression = *compression
		c.ProtocolVersion = uint8(*protocol)
		c.GossipVerifyIncoming, c.GossipVerifyOutgoing = *incoming, *outgoing
	}
	return o
}

// create starts a member; the ring is nil where there are no keys.
func (o options) create() (*memberlist.Memberlist, *memberlist.Keyring, error) {
	profiles := map[string]func() *memberlist.Config{
		"lan":   memberlist.DefaultLANConfig,
		"wan":   memberlist.DefaultWANConfig,
		"local": memberlist.DefaultLocalConfig,
	}
	profile, ok := profiles[o.profile]
	if !ok {
		return nil, nil, fmt.Errorf("unknown profile %q", o.profile)
	}
	config := profile()
	o.config(config)
	config.Events = events{}
	if o.meta != "" || o.state != "" {
		config.Delegate = delegate{[]byte(o.meta), []byte(o.state)}
	}
	if o.keys != "" {
		var keys [][]byte
		for _, text := range strings.Split(o.keys, ",") {
			key, err := hex.DecodeString(text)
			if err != nil {
				return nil, nil, err
			}
			keys = append(keys, key)
		}
		ring, err := memberlist.NewKeyring(keys, keys[0])
		if err != nil {
			return nil, nil, err
		}
		config.Keyring = ring
	}
	list, err := memberlist.Create(config)
	return list, config.Keyring, err
}

func find(list *memberlist.Memberlist, name string) *memberlist.Node {
	for _, node := range list.Members() {
		if node.Name == name {
			return node
		}
	}
	log.Fatalf("no member %q", name)
	return nil
}

func main() {
	list, ring, err := parse().create()
	if err != nil {
		log.Fatal(err)
	}
	say(event{Event: "ready"})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.SplitN(lines.Text(), " ", 3)
		switch words[0] {
		case "join": // ADDRESS: joined says how many answered
			n, err := list.Join(words[1:2])
			say(map[string]any{"joined": n, "error": fmt.Sprint(err)})
		case "members": // those neither dead nor left
			names := []string{}
			for _, node := range list.Members() {
				names = append(names, node.Name)
			}
			say(map[string]any{"members": names})
		case "datagram": // NAME TEXT: a user message
			err = list.SendBestEffort(find(list, words[1]), []byte(words[2]))
		case "stream": // NAME TEXT: the same by TCP
			err = list.SendReliable(find(list, words[1]), []byte(words[2]))
		case "use": // KEY: this one of its keys seals from now on
			var key []byte
			if key, err = hex.DecodeString(words[1]); err == nil {
				err = ring.UseKey(key)
			}
			say(event{"used", words[1]})
		case "leave":
			err = list.Leave(time.Second)
			say(event{Event: "left"})
		case "quit":
			return
		default:
			err = fmt.Errorf("unknown command %q", words[0])
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
