export {}; // the loader that comes with Go; the bundler finds it in GOROOT
