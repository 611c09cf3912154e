//go:build js

// A program for jshost's tests: each line it prints is compared.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall/js"
	"time"
)

func await(p js.Value) (js.Value, error) {
	good, bad := make(chan js.Value, 1), make(chan js.Value, 1)
	f := js.FuncOf(func(_ js.Value, a []js.Value) any { good <- a[0]; return nil })
	g := js.FuncOf(func(_ js.Value, a []js.Value) any { bad <- a[0]; return nil })
	defer f.Release()
	defer g.Release()
	p.Call("then", f, g)
	select {
	case v := <-good:
		return v, nil
	case v := <-bad:
		return v, js.Error{Value: v}
	}
}

func caught(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

func main() {
	test := js.Global().Get("test")
	fmt.Println("hello", "wörld", 42)
	js.Global().Set("double", js.FuncOf(func(_ js.Value, a []js.Value) any { return 2 * a[0].Int() }))
	fmt.Println("nested", test.Call("callDouble", 21).Int())
	fmt.Println("echo", test.Call("echo", "ä\x00🙂").String() == "ä\x00🙂")
	for _, x := range []float64{0, math.Copysign(0, -1), 1.5, -7, math.MaxFloat64, math.Inf(1), 1 << 53} {
		fmt.Println("number", test.Call("echo", x).Float() == x)
	}
	fmt.Println("nan", math.IsNaN(test.Call("echo", math.NaN()).Float()))
	fmt.Println("types", test.Call("echo", nil).Type(), test.Call("echo", js.Undefined()).Type(), test.Call("echo", true).Type(), test.Get("missing").Type())
	v, err := await(test.Call("later", "done"))
	fmt.Println("promise", v, err)
	_, err = await(test.Call("fail"))
	fmt.Println("rejected", err)
	fmt.Println("thrown", caught(func() { test.Call("boom") }))
	fmt.Println("no function", caught(func() { test.Call("missing") }) != nil)
	fmt.Println("no constructor", caught(func() { test.Get("echo").New() }) != nil)
	b := js.Global().Get("Uint8Array").New(4)
	out := make([]byte, 4)
	fmt.Println("bytes", js.CopyBytesToJS(b, []byte{1, 2, 3, 4}), js.CopyBytesToGo(out, b), out, b.Index(2).Int(), b.Length(), b.InstanceOf(js.Global().Get("Uint8Array")))
	list := js.ValueOf([]any{"a", 1, nil})
	fmt.Println("list", list.Length(), list.Index(0), list.Index(1), list.Index(2).IsNull())
	start := time.Now()
	time.Sleep(30 * time.Millisecond)
	fmt.Println("slept", time.Since(start) >= 30*time.Millisecond)
	done := make(chan int)
	for i := range 3 {
		go func() { time.Sleep(time.Duration(3-i) * time.Millisecond); done <- i }()
	}
	fmt.Println("goroutines", <-done, <-done, <-done)
	for i := range 20000 { // values must not pile up on the host's side
		if test.Call("fresh"); i%1000 == 0 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	switch test.Get("end").String() {
	case "exit":
		os.Exit(7)
	case "panic":
		panic("the end")
	case "hang":
		select {}
	}
}
