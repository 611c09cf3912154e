// A real Firefox, driven by WebDriver BiDi: Playwright drives only a build of its own.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer from "puppeteer-core";

/** The browser: $FIREFOX, or one that is installed. */
export function firefox() {
  if (process.env.FIREFOX) return process.env.FIREFOX;
  const places = ["/Applications/Firefox.app/Contents/MacOS/firefox", "C:\\Program Files\\Mozilla Firefox\\firefox.exe"];
  for (const dir of (process.env.PATH ?? "").split(delimiter)) places.push(...["firefox-esr", "firefox"].map((n) => join(dir, n)));
  const found = places.find((p) => existsSync(p));
  if (!found) throw new Error("no Firefox found: install one or set FIREFOX to its path");
  return found;
}

/** Without a profile (a folder) everything is forgotten at the end. */
export const launch = (profile) => puppeteer.launch({ browser: "firefox", executablePath: firefox(), headless: true, userDataDir: profile });

/** What opens pages for a fresh user, and notes what scripts and policies complain about. */
export async function visitor(browser) {
  const context = await browser.createBrowserContext();
  return {
    async newPage() {
      const page = await context.newPage();
      page.noted = [];
      page.on("pageerror", (e) => page.noted.push(e.message));
      page.on("console", (m) => ["error", "warn"].includes(m.type()) && page.noted.push(m.text()));
      await page.evaluateOnNewDocument(() => {
        window.violations = [];
        document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
      });
      return page;
    },
    close: () => context.close(),
  };
}

/** What was noted, but for the icon: Firefox looks for one that the test's own pages forbid. */
export const faultsOf = async (page) => [...page.noted, ...(await page.evaluate(() => window.violations))].filter((f) => !f.includes("/favicon.ico"));

export const field = (id) => `[data-testid=${id}]`;

/** The interpreter is loaded. */
export const ready = (page) => page.waitForSelector(`${field("interpreter")}[data-state=ready]`, { timeout: 30000 });

/** The element has its function. (waitForSelector sees no changes in a shadow tree.) */
export const enabled = (page) => page.waitForFunction(() => document.querySelector("paw-function").shadowRoot?.querySelector("button").disabled === false, { timeout: 30000 });

/** Asks the open program on the page; gives what the page shows: the answer, the shares of the labels, the facts. */
export async function ask(page, input) {
  await page.waitForSelector(`${field("run")}:not([disabled])`, { timeout: 60000 });
  const run = await page.$eval(field("answer"), (e) => e.dataset.run);
  await page.locator(field("run-input")).fill(input);
  await page.locator(field("run")).click();
  await page.waitForFunction((id, run) => {
    const a = document.querySelector(id);
    return a.dataset.run !== run && a.dataset.state === "done";
  }, { timeout: 30000 }, field("answer"), run);
  return page.evaluate((answer, bars) => ({
    answer: document.querySelector(answer).textContent,
    shares: [...document.querySelectorAll(`${bars} li`)].map((li) => [...li.querySelectorAll("span")].map((x) => x.textContent)),
    facts: document.querySelector(bars).nextElementSibling.textContent,
  }), field("answer"), field("probabilities"));
}
