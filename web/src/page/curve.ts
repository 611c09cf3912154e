// A loss curve that grows, with a sentence that says the same.
import { s } from "../strings";
import { h, say } from "./dom";

const NS = "http://www.w3.org/2000/svg";

export interface Curve {
  element: HTMLElement;
  /** One more value (nats a token). A new part begins a new line. */
  add(loss: number, part: number): void;
  clear(): void;
}

export function curve(): Curve {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "curve");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(NS, "polyline");
  svg.append(line);
  const text = h("p", { class: "quiet" });
  const element = h("div", { hidden: true, "data-testid": "loss" });
  element.append(svg, text);
  let values: number[] = [];
  let current = 0;
  return {
    element,
    add(loss, part) {
      if (part !== current) (values = []), (current = part);
      values.push(loss);
      const top = Math.max(...values, 1e-6);
      const last = Math.max(values.length - 1, 1);
      line.setAttribute("points", values.map((v, i) => `${((100 * i) / last).toFixed(2)},${(98 - (96 * v) / top).toFixed(2)}`).join(" "));
      element.hidden = false;
      if (values.length % 10 === 1) say(text, s.curve(values[0]!, loss));
    },
    clear() {
      values = [];
      current = 0;
      element.hidden = true;
    },
  };
}
