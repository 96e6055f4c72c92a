// Two registries of others, in memory, both with the referrers API: each answers in a
// dialect of its own.
//
//	go-registries ADDRESS go-containerregistry|ociregistry
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go-registries ADDRESS go-containerregistry|ociregistry")
	}
	var handler http.Handler
	switch os.Args[2] {
	case "go-containerregistry":
		handler = registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	case "ociregistry":
		handler = ociserver.New(ocimem.New(), nil)
	default:
		log.Fatalf("unknown: %s", os.Args[2])
	}
	server := &http.Server{Addr: os.Args[1], Handler: handler, ReadHeaderTimeout: 30 * time.Second}
	log.Fatal(server.ListenAndServe())
}
