// Opens each page in a real browser, and prints one JSON list of what it saw there.
// Arguments: the browser, a folder for screenshots ("-": none), and the pages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [executablePath, pictures, ...files] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Root, as on most runners, cannot use the browser's sandbox; the pages are this project's own.
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });

async function serious(page) {
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
}

const focusable = "a[href], summary, button:not([hidden]), input, select, [tabindex='0']";

async function unreached(page) {
  const all = await page.evaluate((selector) => {
    const shown = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
    shown.forEach((one, number) => { one.dataset.number = number; });
    return shown.length;
  }, focusable);
  const reached = new Set();
  for (let presses = 0; presses < all; presses += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.dataset.number));
  }
  return all - reached.size;
}

async function used(page) {
  const section = await page.$("#findings");
  if (!section) return null;
  const count = () => section.$eval("[data-role=count]", (one) => one.textContent);
  const all = await count();
  await section.$eval("th button", (one) => one.focus());
  await page.keyboard.press("Enter");
  const sorted = await section.$eval("th[aria-sort]", (one) => one.getAttribute("aria-sort"));
  await section.$eval("[data-role=search]", (one) => one.focus());
  await page.keyboard.type("no such finding");
  return { all, sorted, searched: await count() };
}

// As wide as the text on A4 paper, and dark, as a screen may be.
const paper = { width: 703, height: 1000 };

async function printed(page) {
  await page.setViewport(paper);
  // Puppeteer's own functions for the medium and for its features forget each other's.
  const features = [{ name: "prefers-color-scheme", value: "dark" }];
  const session = await page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia", { media: "print", features });
  const what = await page.evaluate(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const boxes = (selector) => all(selector).filter((one) => one.getClientRects().length);
    const { color, backgroundColor } = getComputedStyle(document.body);
    return {
      controls: boxes("nav, input, select, button, .skip").map((one) => one.outerHTML.slice(0, 100)),
      colours: [color, backgroundColor],
      wide: boxes("table").filter((one) => one.getBoundingClientRect().right > innerWidth).length,
      cut: boxes(".scroll").filter((one) => getComputedStyle(one).overflowX !== "visible").length,
      closed: all("details > table, .chart svg").filter((one) => !one.checkVisibility()).length,
      heads: all("thead th").filter((one) => !one.innerText.trim()).length,
      rows: all("[data-role=rows]").map((one) => one.rows.length),
      notes: boxes("[data-role=left-out]").map((one) => one.innerText),
    };
  });
  await session.send("Emulation.setEmulatedMedia", { media: "", features: [] });
  return what;
}

async function seen(file) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1100, height: 850 });
  const errors = [], requests = [];
  page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  const ms = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventStart);
  if (pictures !== "-") await page.screenshot({ path: `${pictures}/${basename(file, ".html")}.webp`, type: "webp", quality: 60 });
  const charts = await page.$$eval(".chart", (all) => all.map((one) => [one.querySelector("th").textContent, one.tBodies[0].rows.length]));
  await page.evaluate(axe);
  const light = await serious(page);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  const dark = await serious(page);
  const left = await unreached(page);
  const what = { errors, requests: requests.length, ms, serious: [...light, ...dark], unreached: left, charts, printed: await printed(page), used: await used(page) };
  await page.close();
  return what;
}

const result = {};
for (const file of files) result[basename(file, ".html")] = await seen(file);
await browser.close();
console.log(JSON.stringify(result));
