// A stand-in for MetalLB's speaker, for the test of moving from it and back. It is none: it does not
// know the API server, so nodes and addresses come as flags. What it shares with MetalLB is what the
// others on the segment see of it: a member of hashicorp/memberlist, configured as MetalLB configures it,
// the election, and answers and announcements by the library that MetalLB's come from.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/mdlayher/arp"
	"github.com/mdlayher/ethernet"
)

const (
	// As in MetalLB: an address that was gained is announced for so long, so often.
	announceFor   = 5 * time.Second
	announceEvery = 1100 * time.Millisecond
	// MetalLB asks at start, with each update of its Node, and each minute.
	joinEvery = 2 * time.Second
)

type speaker struct {
	node   string
	list   *memberlist.Memberlist
	client *arp.Client
	mac    net.HardwareAddr
	vips   []netip.Addr

	mu sync.Mutex
	// When each address that is announced from here was gained.
	owned map[netip.Addr]time.Time
}

// config is memberlist's as MetalLB's speaker has it.
func config(node, address, secrets string, events chan<- memberlist.NodeEvent) *memberlist.Config {
	secret, err := os.ReadFile(filepath.Join(secrets, "secretkey"))
	if err != nil {
		log.Fatal(err)
	}
	c := memberlist.DefaultLANConfig()
	c.Name, c.BindAddr, c.AdvertiseAddr = node, address, address
	// MetalLB's way: the hash of nothing behind the secret, cut at the length of a key for AES-256.
	c.SecretKey = sha256.New().Sum(secret)[:32]
	c.Events = &memberlist.ChannelEventDelegate{Ch: events}
	return c
}

// wins says whether this node owns an address: the first by sha256(node#ip) of all members.
func (s *speaker) wins(ip netip.Addr) bool {
	var names []string
	for _, member := range s.list.Members() {
		names = append(names, member.Name)
	}
	hash := func(name string) []byte {
		sum := sha256.Sum256([]byte(name + "#" + ip.String()))
		return sum[:]
	}
	slices.SortFunc(names, func(a, b string) int { return bytes.Compare(hash(a), hash(b)) })
	return len(names) > 0 && names[0] == s.node
}

func (s *speaker) elect() {
	for _, ip := range s.vips {
		wins := s.wins(ip)
		s.mu.Lock()
		_, owns := s.owned[ip]
		switch {
		case wins && !owns:
			s.owned[ip] = time.Now()
			log.Printf("announcing %v", ip)
			go s.announce(ip)
		case !wins && owns:
			delete(s.owned, ip)
			log.Printf("withdrawing %v", ip)
		}
		s.mu.Unlock()
	}
}

func (s *speaker) owns(ip netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, owns := s.owned[ip]
	return owns
}

func (s *speaker) announce(ip netip.Addr) {
	for end := time.Now().Add(announceFor); time.Now().Before(end) && s.owns(ip); {
		for _, operation := range []arp.Operation{arp.OperationRequest, arp.OperationReply} {
			packet, err := arp.NewPacket(operation, s.mac, ip, ethernet.Broadcast, ip)
			if err == nil {
				err = s.client.WriteTo(packet, ethernet.Broadcast)
			}
			if err != nil {
				log.Print(err)
			}
		}
		time.Sleep(announceEvery)
	}
}

// answer goes on until the process ends, also while it leaves the others.
func (s *speaker) answer() {
	for {
		packet, frame, err := s.client.Read()
		if err != nil {
			log.Fatal(err)
		}
		toUs := bytes.Equal(frame.Destination, ethernet.Broadcast) || bytes.Equal(frame.Destination, s.mac)
		if packet.Operation != arp.OperationRequest || !toUs || !s.owns(packet.TargetIP) {
			continue
		}
		if err := s.client.Reply(packet, s.mac, packet.TargetIP); err != nil {
			log.Print(err)
		}
	}
}

func (s *speaker) join(peers []string) {
	known := map[string]bool{}
	for _, member := range s.list.Members() {
		known[member.Addr.String()] = true
	}
	for _, peer := range peers {
		if known[peer] {
			continue
		}
		if _, err := s.list.Join([]string{peer}); err != nil {
			log.Print(err)
		}
	}
}

func main() {
	link := flag.String("interface", "eth0", "interface to answer on")
	vips := flag.String("vips", "", "addresses of Services, by commas")
	peers := flag.String("peers", "", "addresses of all nodes, by commas")
	flag.Parse()

	ifi, err := net.InterfaceByName(*link)
	if err != nil {
		log.Fatal(err)
	}
	client, err := arp.Dial(ifi)
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan memberlist.NodeEvent, 1024)
	node := os.Getenv("METALLB_NODE_NAME")
	secrets := os.Getenv("METALLB_ML_SECRET_KEY_PATH")
	list, err := memberlist.Create(config(node, os.Getenv("METALLB_ML_BIND_ADDR"), secrets, events))
	if err != nil {
		log.Fatal(err)
	}
	s := &speaker{node: node, list: list, client: client, mac: ifi.HardwareAddr, owned: map[netip.Addr]time.Time{}}
	for _, vip := range strings.Split(*vips, ",") {
		s.vips = append(s.vips, netip.MustParseAddr(vip))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	s.join(strings.Split(*peers, ","))
	s.elect()
	go s.answer()
	again := time.NewTicker(joinEvery)
	for {
		select {
		case <-events:
			s.elect()
		case <-again.C:
			s.join(strings.Split(*peers, ","))
		case <-stop:
			if err := list.Leave(time.Second); err != nil {
				log.Print(err)
			}
			return
		}
	}
}
