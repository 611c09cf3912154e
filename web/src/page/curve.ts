// A loss curve that grows, with a sentence that says the same. Every part has its line; the newest is bold.
import { s } from "../strings";
import { h, say } from "./dom";

const NS = "http://www.w3.org/2000/svg";

export interface Curve {
  element: HTMLElement;
  /** One more value (nats a token). A new part begins a new line. */
  add(loss: number, part: number): void;
  clear(): void;
}

interface Line {
  part: number;
  values: number[];
  shape: SVGPolylineElement;
}

export function curve(): Curve {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "curve");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true"); // the sentence below says it
  const text = h("p", { class: "quiet" });
  const element = h("div", { hidden: true, "data-testid": "loss" });
  element.append(svg, text);
  let lines: Line[] = [];
  let drawing = 0;

  function draw(): void {
    drawing = 0;
    const top = Math.max(...lines.map((l) => Math.max(...l.values)), 1e-6);
    const width = Math.max(...lines.map((l) => l.values.length - 1), 1);
    for (const [i, l] of lines.entries()) {
      l.shape.setAttribute("class", i === lines.length - 1 ? "" : "old");
      l.shape.setAttribute("points", l.values.map((v, x) => `${((100 * x) / width).toFixed(2)},${(98 - (96 * v) / top).toFixed(2)}`).join(" "));
    }
    const last = lines.at(-1)?.values;
    if (last) say(text, s.curve(last[0]!, last.at(-1)!, lines.length));
  }

  return {
    element,
    add(loss, part) {
      let line = lines.at(-1);
      if (!line || line.part !== part) {
        lines.push((line = { part, values: [], shape: document.createElementNS(NS, "polyline") }));
        svg.append(line.shape);
      }
      line.values.push(loss);
      element.hidden = false;
      drawing ||= requestAnimationFrame(draw); // a reconnection tells thousands at once
    },
    clear() {
      lines = [];
      svg.replaceChildren();
      element.hidden = true;
      cancelAnimationFrame(drawing);
      drawing = 0;
    },
  };
}
