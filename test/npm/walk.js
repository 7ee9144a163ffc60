// walk.js - walks through pages in Chromium, signs in by the form, and says
// what is wrong with each: what axe-core calls serious or critical, messages on
// the console, reports of the Content-Security-Policy, pages that are wider
// than their window.
//
//     node walk.js < JSON
//
// The JSON is {"url", "paths", "readers": {name: token}, "sizes": [[w, h]],
// "schemes": ["light"], "folder": where pictures go or null}; what is printed
// is a JSON array of sentences, empty when all is well.
"use strict";

const fs = require("fs");
const path = require("path");
const {chromium} = require("playwright-core");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LOUD = ["serious", "critical"];

// Evaluated beside the page's own policy, which holds for the page all the
// same. A frame or worker is nowhere.
async function judge(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, {
    resultTypes: ["violations"],
  }));
  return result.violations.filter(v => LOUD.includes(v.impact)).map(
      v => `${v.id}: ${v.help}: ` + v.nodes.slice(0, 3).map(
          n => n.html.slice(0, 160)).join(" | "));
}

async function overflow(page) {
  const over = await page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth)
      return null;
    const wide = [...document.querySelectorAll("body *")].filter(
        e => e.getBoundingClientRect().right > root.clientWidth + 1 &&
             !e.closest(".wide, pre"));
    return `${root.scrollWidth} px wide: ` + wide.slice(0, 3).map(
        e => e.outerHTML.slice(0, 100)).join(" | ");
  });
  return over === null ? [] : [over];
}

async function signIn(page, url, token) {
  await page.goto(url + "/");
  await page.fill("#token", token);
  await page.click("main button");
  await page.waitForURL(url + "/");
}

async function walkAs(browser, job, reader, size, scheme) {
  const wrong = [];
  const where = {path: "/login"};
  const say = text => wrong.push(
      `${where.path} (${reader}, ${size[0]} px, ${scheme}): ${text}`);
  const context = await browser.newContext({
    viewport: {width: size[0], height: size[1]},
    colorScheme: scheme,
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  page.on("console", m => {
    if (["error", "warning"].includes(m.type()))
      say(`console: ${m.text()}`);
  });
  page.on("pageerror", e => say(`error: ${e.message}`));
  page.on("requestfailed", r => say(`not loaded: ${r.url()}`));
  await page.exposeFunction("sayViolation", text => say(`policy: ${text}`));
  await page.addInitScript(() => document.addEventListener(
      "securitypolicyviolation",
      e => window.sayViolation(`${e.violatedDirective} ${e.blockedURI}`)));

  async function look(name) {
    for (const text of [...await judge(page), ...await overflow(page)])
      say(text);
    if (job.folder) {
      const file = `${name}-${reader}-${size[0]}-${scheme}.png`;
      await page.screenshot({
        path: path.join(job.folder, file.replace(/[^\w.-]+/g, "_")),
        fullPage: true,
      });
    }
  }

  await page.goto(job.url + "/login");
  await look("login");
  await signIn(page, job.url, job.readers[reader]);
  for (const one of job.paths) {
    where.path = one;
    const answer = await page.goto(job.url + one);
    if (answer.status() !== 200)
      say(`status ${answer.status()}`);
    for (const d of await page.$$("details"))
      await d.evaluate(e => { e.open = true; });
    await look(one === "/" ? "overview" : one.slice(1));
  }
  where.path = "/logout";
  await page.click("header button");
  await page.waitForURL(job.url + "/login");
  await context.close();
  return wrong;
}

async function main() {
  const job = JSON.parse(fs.readFileSync(0, "utf8"));
  const browser = await chromium.launch({
    executablePath: job.browser,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const wrong = [];
  try {
    for (const reader of Object.keys(job.readers))
      for (const size of job.sizes)
        for (const scheme of job.schemes)
          wrong.push(...await walkAs(browser, job, reader, size, scheme));
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(wrong, null, 1));
}

main().catch(e => {
  console.error(e);
  process.exit(1);
});
