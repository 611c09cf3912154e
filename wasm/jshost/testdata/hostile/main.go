//go:build js

// A program for jshost's tests that breaks one rule, named by test.end.
package main

import (
	"fmt"
	"os"
	"syscall/js"
)

func main() {
	test := js.Global().Get("test")
	f := func(run func()) {
		js.Global().Set("double", js.FuncOf(func(js.Value, []js.Value) any { run(); return 1 }))
	}
	switch test.Get("end").String() {
	case "exit in a handler":
		f(func() { os.Exit(7) })
	case "good exit in a handler":
		f(func() { os.Exit(0) })
	case "panic in a handler":
		f(func() { panic("the handler") })
	case "recursion":
		f(func() { test.Call("callDouble", 1) })
	case "cyclic message":
		o := js.Global().Get("Object").New()
		o.Set("self", o)
		test.Call("toGo", o)
	case "growing message":
		o := js.ValueOf("x")
		for range 60 {
			o = js.ValueOf([]any{o, o})
		}
		test.Call("toGo", o)
	case "cyclic prototype":
		c := js.Global().Get("Uint8Array")
		o := c.New(1)
		c.Set("prototype", o)
		o.Get("missing")
		return
	case "order":
		for i := range 200 {
			test.Call("soon", js.FuncOf(func(js.Value, []js.Value) any {
				if fmt.Println(i); i == 199 {
					os.Exit(0)
				}
				return nil
			}))
		}
		select {}
	}
	test.Call("callDouble", 1)
	fmt.Println("went on")
}
