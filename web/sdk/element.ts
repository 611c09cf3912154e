// <paw-function src="ID, slug or address of a .paw">: a fuzzy function as an element.
//
// Attributes, each with a property of the same name: src, or spec (a description, compiled on the server of
// the page); integrity, interpreter, engine ("paw" or "wllama"), threshold, auto (answers while the user types), name and disabled as of
// every form control, label, placeholder. A control in the slot "input" replaces the built-in field. Events:
// paw-ready, paw-progress, paw-result, paw-error; the last answer is `value`, and a form submits it. Parts:
// label, input, button, output, status. custom-elements.json says the same to tools. Model output is text
// here and never markup.
import paw, { PawError, type Detail, type EngineName, type Fn, type Progress } from "./paw.js";

const STYLE = `:host{display:block;font:inherit;color:inherit}:host([hidden]){display:none}
label{display:block;margin-block-end:.25em}label[hidden]{display:none}
[part=input]{box-sizing:border-box;width:100%;min-height:4.5em;font:inherit;color:inherit;background:transparent;border:1px solid currentColor;border-radius:.4em;padding:.5em}
[part=button]{font:inherit;margin-block:.5em;padding:.4em 1em;border-radius:.4em;border:1px solid currentColor;background:transparent;color:inherit;cursor:pointer}
[part=button]:disabled{opacity:.5;cursor:default}
[part=output]{display:block;min-height:1.5em;font-weight:600;white-space:pre-wrap;overflow-wrap:anywhere}
[part=status]{display:block;min-height:1.2em;font-size:.875em;opacity:.8}
#spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:2px solid Highlight;outline-offset:2px}`;

const PAUSE = 250; // milliseconds after the last key before "auto" answers

type Control = HTMLElement & { value: string };

const PROPERTIES = ["src", "spec", "integrity", "interpreter", "engine", "threshold", "auto", "name", "disabled", "label", "placeholder"] as const;
const LOADS = ["src", "spec", "integrity", "interpreter", "engine"]; // a change of these is another function

/** Server-side rendering imports this file too: there the class is never used. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class PawFunctionElement extends Base {
  static formAssociated = true;
  static observedAttributes = [...LOADS, "label", "placeholder"];

  private readonly internals: ElementInternals;
  private readonly caption = document.createElement("label");
  private readonly field = document.createElement("textarea");
  private readonly button = document.createElement("button");
  private readonly output = document.createElement("output");
  private readonly status = document.createElement("span");
  private readonly spoken = document.createElement("span"); // the status without what changes all the time
  private readonly slotted = document.createElement("slot");
  private fn: Fn | null = null;
  private loading: AbortController | null = null;
  private calling: AbortController | null = null;
  private timer = 0;
  private answer = "";
  private changed = false; // since it was loaded
  private stale = false; // to be loaded anew
  private off = false; // disabled, by itself or by a fieldset
  private wantsConsent = false;
  private failed = false; // to load; the button tries again

  constructor() {
    super();
    this.internals = this.attachInternals();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const sheet = new CSSStyleSheet(); // a style element would need style-src 'unsafe-inline'
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.caption.htmlFor = this.field.id = "input";
    this.button.type = "button";
    this.button.disabled = true;
    this.slotted.name = "input";
    const parts = { label: this.caption, input: this.field, button: this.button, output: this.output, status: this.status };
    for (const [name, e] of Object.entries(parts)) e.setAttribute("part", name);
    this.output.setAttribute("aria-live", "polite");
    this.spoken.setAttribute("role", "status");
    this.spoken.id = "spoken";
    this.button.textContent = "Run";
    this.slotted.append(this.caption, this.field);
    root.append(this.slotted, this.button, this.output, this.status, this.spoken);
    this.button.addEventListener("click", () => {
      if (!this.failed) return void this.run();
      this.leaveButton();
      this.renew();
    });
    this.field.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) void this.run();
    });
    this.addEventListener("input", () => this.typed()); // of the built-in field and of a slotted one
  }

  connectedCallback(): void {
    this.upgrade();
    this.dress();
    if (this.changed || (!this.fn && !this.loading)) this.renew();
  }

  disconnectedCallback(): void {
    // A framework may only move the element: what is loaded goes when it does not come back.
    queueMicrotask(() => {
      if (!this.isConnected) this.unload();
    });
  }

  attributeChangedCallback(name: string, old: string | null, now: string | null): void {
    this.dress();
    if (old === now || !LOADS.includes(name)) return;
    this.changed = true; // it may be out of the page for a moment
    this.renew();
  }

  formDisabledCallback(disabled: boolean): void {
    this.off = disabled;
    if (disabled) this.stop();
    this.dress();
  }

  formResetCallback(): void {
    this.stop();
    this.field.value = "";
    this.clear();
    if (this.fn) this.say("");
  }

  /** Where the keyboard was on the button it goes to the field: the button waits for the end of the load. */
  private leaveButton(): void {
    if (this.button.matches(":focus-visible")) this.input.focus();
  }

  /** Takes back the last answer: it belongs to another input or another function. */
  private clear(): void {
    this.answer = this.output.textContent = "";
    this.internals.setFormValue(null);
  }

  /** Ends the call that runs or waits; whatever it still answers is not shown. */
  private stop(): void {
    this.calling?.abort();
    this.calling = null;
    clearTimeout(this.timer);
    this.output.removeAttribute("aria-busy");
  }

  /** Properties that a framework set before this class was known hide those of the class: set them again. */
  private upgrade(): void {
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const value = (this as Record<string, unknown>)[name];
      delete (this as Record<string, unknown>)[name];
      (this as Record<string, unknown>)[name] = value;
    }
  }

  /** Loads what the attributes name, once for all changes of one task. */
  private renew(): void {
    if (this.stale || !this.isConnected) return;
    this.stale = true;
    queueMicrotask(() => {
      this.stale = false;
      this.unload();
      if (!this.isConnected) return;
      if (this.changed) this.clear();
      this.changed = false;
      void this.load();
    });
  }

  /** The last answer. */
  get value(): string {
    return this.answer;
  }

  get form(): HTMLFormElement | null {
    return this.internals.form;
  }

  private dress(): void {
    // Without a label of its own it has that of the page, <label for=…>, which screen readers would not find in here.
    const own = this.getAttribute("label");
    const outer = own === null ? [...(this.internals.labels ?? [])].map((l) => l.textContent?.trim()).filter(Boolean).join(" ") : "";
    this.caption.textContent = own ?? "Input";
    this.caption.hidden = outer !== "";
    if (outer) this.field.setAttribute("aria-label", outer);
    else this.field.removeAttribute("aria-label");
    this.field.placeholder = this.getAttribute("placeholder") ?? "";
    this.field.disabled = this.off;
    this.button.disabled = this.off || !(this.fn || this.wantsConsent || this.failed);
    if (!this.wantsConsent) this.button.textContent = this.failed ? "Try again" : "Run";
  }

  private get input(): Control {
    return (this.slotted.assignedElements()[0] as Control | undefined) ?? this.field;
  }

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Shows what goes on; read aloud is only what differs from the last. */
  private say(text: string, spoken = text): void {
    this.status.textContent = text;
    if (this.spoken.textContent !== spoken) this.spoken.textContent = spoken;
  }

  private fault(e: unknown): void {
    if (e instanceof PawError && e.kind === "aborted") return;
    const text = e instanceof PawError ? [e.message, e.hint].filter(Boolean).join(": ") : String(e);
    this.say(text);
    this.tell("paw-error", { error: e });
  }

  private unload(): void {
    this.loading?.abort();
    this.stop();
    this.loading = null;
    void this.fn?.free().catch(() => {});
    this.fn = null;
    this.failed = false;
    this.dress();
  }

  private async load(): Promise<void> {
    const attribute = (name: string) => this.getAttribute(name) || undefined;
    const spec = attribute("spec");
    if (!attribute("src") && !spec) return;
    const mine = (this.loading = new AbortController());
    let forgotten = false; // the browser keeps the interpreter for this page alone
    this.say("Loading …");
    try {
      const onProgress = (p: Progress) => {
        if (p.kept === false) forgotten = true;
        const phase = `${p.phase === "compile" ? "Compiling" : "Loading"} …`;
        this.say(`${phase} ${Math.round((100 * p.done) / Math.max(1, p.total))} %`, phase);
        this.tell("paw-progress", p);
      };
      const src = attribute("src") ?? (await paw.compile(spec!, { signal: mine.signal, onProgress: (f) => onProgress({ phase: "compile", done: f, total: 1 }) }));
      const fn = await paw.function(src, {
        signal: mine.signal, integrity: attribute("integrity"), interpreter: attribute("interpreter"), engine: attribute("engine") as EngineName | undefined, onProgress,
        consent: (d) => this.consent(d.signal, d.bytes, d.available),
      });
      if (this.loading !== mine) return void fn.free();
      this.fn = fn;
      this.loading = null;
      this.say(forgotten ? "Kept only until this page is closed: browsers keep interpreters for HTTPS pages." : "");
      this.dress();
      this.tell("paw-ready", { info: fn.info });
      if (this.auto && this.input.value) void this.run();
    } catch (e) {
      if (this.loading !== mine) return;
      this.loading = null;
      this.failed = true;
      this.dress();
      this.fault(e);
    }
  }

  /** Asks before a large download. Browsers keep it for this site alone: each other site downloads again. */
  private async consent(signal: AbortSignal, bytes: number, available?: number): Promise<boolean> {
    if (signal.aborted) return false;
    const mb = (n: number) => `${(n / 1e6).toFixed(0)} MB`;
    this.say(`This needs a download of ${mb(bytes)}, kept for this site only${available === undefined ? "" : ` (${mb(available)} are free)`}.`);
    this.button.textContent = "Download";
    this.wantsConsent = true;
    this.dress();
    return new Promise((decide) => {
      const end = (yes: boolean) => {
        this.button.removeEventListener("click", accept, true);
        this.wantsConsent = false;
        if (!this.loading?.signal.aborted) this.say("Loading …"); // here, or begun by another element
        this.dress();
        decide(yes);
      };
      const accept = (e: Event) => {
        e.stopImmediatePropagation();
        this.leaveButton();
        end(true);
      };
      this.button.addEventListener("click", accept, true);
      signal.addEventListener("abort", () => end(false), { once: true });
    });
  }

  private typed(): void {
    if (!this.auto || !this.fn) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), PAUSE) as unknown as number;
  }

  /** Answers an input without showing it. */
  async ask(input: string, threshold = this.threshold): Promise<Detail> {
    if (!this.fn) throw new PawError("program", "the function is not loaded yet", "wait for paw-ready");
    return this.fn.detail(input, { threshold });
  }

  /** Answers what stands in the field. */
  async run(): Promise<Detail | null> {
    if (!this.fn || this.off) return null;
    this.calling?.abort();
    const mine = (this.calling = new AbortController());
    this.output.setAttribute("aria-busy", "true");
    this.spoken.textContent = ""; // so that an error that comes again is told again
    try {
      const d = await this.fn.detail(this.input.value, { signal: mine.signal, threshold: this.threshold });
      if (this.calling !== mine) return null;
      this.answer = d.text;
      this.internals.setFormValue(d.text);
      this.output.textContent = d.abstained ? "not sure" : d.text;
      this.say(`${d.label ? `${(100 * d.confidence).toFixed(0)} % sure, ` : ""}${d.ms.toFixed(0)} ms`);
      this.tell("paw-result", d);
      return d;
    } catch (e) {
      if (this.calling === mine && !(e instanceof PawError && e.kind === "aborted")) {
        this.clear();
        this.fault(e);
      }
      return null;
    } finally {
      if (this.calling === mine) this.output.removeAttribute("aria-busy");
    }
  }
}

/** The attributes as properties, for frameworks that set those. */
export interface PawFunctionElement extends Record<"src" | "spec" | "integrity" | "interpreter" | "engine" | "name" | "label" | "placeholder", string> {
  /** Below this confidence the element is not sure. */
  threshold: number;
  auto: boolean;
  disabled: boolean;
}

for (const name of PROPERTIES) {
  const flag = name === "auto" || name === "disabled";
  Object.defineProperty(PawFunctionElement.prototype, name, {
    configurable: true, enumerable: true,
    get(this: HTMLElement) {
      const value = this.getAttribute(name);
      return flag ? value !== null : name === "threshold" ? Number(value) || 0 : (value ?? "");
    },
    set(this: HTMLElement, value: unknown) {
      if (flag) this.toggleAttribute(name, !!value);
      else if (value === null || value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, String(value));
    },
  });
}

declare global {
  interface HTMLElementTagNameMap {
    "paw-function": PawFunctionElement;
  }
}

if (globalThis.customElements && !customElements.get("paw-function")) customElements.define("paw-function", PawFunctionElement);
