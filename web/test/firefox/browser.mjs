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

/** Without a profile (a folder) everything is forgotten at the end; preferences are those of about:config. */
export const launch = (profile, preferences) => puppeteer.launch({
  browser: "firefox", executablePath: firefox(), headless: true, userDataDir: profile, extraPrefsFirefox: preferences, timeout: 90_000,
});

/** Ends all processes of a browser at once, as a power cut does, and waits until its profile can be opened again. */
export async function kill(browser, profile) {
  const child = browser.process(), ended = new Promise((ok) => child.once("exit", ok));
  if (process.platform === "win32") child.kill("SIGKILL");
  else process.kill(-child.pid, "SIGKILL"); // Puppeteer gives it a group of its own
  await ended;
  // Puppeteer puts the preferences back that it found.
  while (["prefs.js", "user.js"].some((f) => existsSync(join(profile, `${f}.puppeteer`)))) await new Promise((ok) => setTimeout(ok, 20));
}

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
