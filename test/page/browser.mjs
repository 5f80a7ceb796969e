// What a person does with the page, in a browser. It is run by the test beside it, with
// the page's link, the address that makes things happen in the cluster, the browser, and
// where screenshots go.
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import path from "node:path";

const [link, control, browserPath, modules, images] = process.argv.slice(2);
const require = createRequire(path.join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

const origin = new URL(link).origin;
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, bypassCSP: false });
context.setDefaultTimeout(10_000);
const page = await context.newPage();

// Nothing is asked of any other address, and nothing fails without a word.
const faults = [];
page.on("request", (request) => {
  if (!request.url().startsWith(origin)) faults.push(`asked ${request.url()}`);
});
page.on("console", (message) => {
  if (message.type() === "error") faults.push(`console: ${message.text()}`);
});
page.on("pageerror", (error) => faults.push(`script: ${error.message}`));

const cluster = async (what, method = "POST") => {
  const answer = await fetch(`${control}/${what}`, { method });
  assert.equal(answer.status, 200, what);
  return answer.text();
};

const withResolvers = () => {
  const made = {};
  made.promise = new Promise((resolve) => { made.resolve = resolve; });
  return made;
};

// look judges what is shown, for those who cannot see it as well.
const look = async (name) => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // By the protocol, since the page's own policy lets in no script of others.
    await page.evaluate(await axeSource());
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const violations = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html} ${n.any.map((a) => a.message).join("; ")}`).join("\n    ")}`);
    assert.deepEqual(violations, [], `axe, ${name}, ${colorScheme}`);
    assert.ok(found.passes.length > 10, `axe looked at ${found.passes.length} rules of ${name}`);
    if (images) await page.screenshot({ path: path.join(images, `page-${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: "light" });
};
let source;
const axeSource = async () => (source ??= await (await import("node:fs/promises")).readFile(axe, "utf8"));

const step = async (sentence, does) => {
  const began = Date.now();
  try {
    await does();
  } catch (error) {
    error.message = `${sentence}: ${error.message}`;
    throw error;
  }
  console.log(`${sentence} (${Date.now() - began} ms)`);
};

try {
  await step("the link opens the overview", async () => {
    await page.goto(link);
    await page.waitForURL(`${origin}/`);
    await page.getByRole("heading", { name: "5 of 15 containers run the newest version allowed" }).waitFor();
    await page.getByRole("link", { name: "Failed 1" }).waitFor();
    await page.getByRole("link", { name: "Not governed 1" }).waitFor();
    await page.getByText("Behind by up to 412 days, by when images were built. Of 5 that is not known.").waitFor();
    await look("overview");
  });

  await step("the link opens once", async () => {
    const other = await browser.newContext();
    const stranger = await other.newPage();
    await stranger.goto(link);
    await stranger.getByText("This link has been used, or is another's").waitFor();
    await stranger.goto(origin);
    await stranger.getByText("There is no session").waitFor();
    await other.close();
  });

  await step("a tile leads to its rows, by the keyboard", async () => {
    const tile = page.getByRole("link", { name: /^Waiting \d/ });
    await tile.focus();
    await page.keyboard.press("Enter");
    await page.getByText("5 rows").waitFor(); // the overview names that window twice
    await page.getByText("the window opens at 22:00").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 5);
  });

  await step("a filter is answered as it is typed, and sorting keeps it", async () => {
    await page.goto(`${origin}/workloads`);
    await look("workloads");
    await page.getByLabel("Filter").fill("docker.io");
    await page.getByText("4 rows").waitFor();
    assert.match(page.url(), /q=docker\.io/);
    await page.getByRole("link", { name: "Newest", exact: true }).click();
    await page.locator("th[aria-sort=ascending]", { hasText: "Newest" }).waitFor();
    assert.match(page.url(), /q=docker\.io.*sort=lag/);
    await page.getByLabel("By namespace").check();
    await page.locator("tr.group", { hasText: "data" }).waitFor();
    await Promise.all([page.waitForEvent("load"), page.goBack()]); // htmx loads the page anew
    assert.equal(await page.getByLabel("Filter").inputValue(), "docker.io");
  });

  await step("a filter that is typed while a change is read holds", async () => {
    await page.goto(`${origin}/workloads`);
    const asked = { change: withResolvers(), filter: withResolvers() };
    const isChange = (request) => request.headers()["hx-trigger"] === "live";
    const ended = Promise.race(["requestfinished", "requestfailed"].map((how) => new Promise((resolve) => {
      page.on(how, (request) => { if (isChange(request)) resolve(); });
    })));
    await page.route(`${origin}/workloads*`, async (route) => {
      const request = route.request();
      if (isChange(request)) {
        asked.change.resolve();
        await asked.filter.promise;
      } else {
        asked.filter.resolve();
        await ended; // the filter is answered after the change, if that still is
      }
      await route.continue().catch(() => {}); // it was given up
    });
    await page.evaluate(() => document.body.dispatchEvent(new CustomEvent("version")));
    await asked.change.promise;
    await page.getByLabel("Filter").fill("docker.io");
    await page.getByText("4 rows").waitFor();
    await page.unrouteAll({ behavior: "wait" });
  });

  await step("a workload tells its containers and its history", async () => {
    await page.goto(`${origin}/workloads/shop/Deployment/web`);
    await page.getByRole("img", { name: "Versions of web, the oldest first: 1.2.0, then 1.2.7, then 1.3.0, then 1.4.1, then 1.3.0, then 1.4.2" }).waitFor();
    await page.getByText("moved from registry.example.com/shop/web:1.3.0").waitFor();
    await look("workload");
  });

  await step("a hold is set and cleared", async () => {
    await page.getByLabel("Hold back").fill("1.4.3");
    await page.getByRole("button", { name: "Hold" }).click();
    await page.getByText("web stays at 1.4.2: 1.4.3 is held").waitFor();
    assert.equal(await cluster("holds", "GET"), '"web=1.4.3"\n');
    await page.getByRole("button", { name: "Clear the hold" }).click();
    await page.getByText("1.4.3 is no longer held").waitFor();
    assert.equal(await cluster("holds", "GET"), '""\n');
    await page.getByLabel("Hold back").fill("no version!");
    await page.getByRole("button", { name: "Hold" }).click();
    await page.getByText("A hold needs a version, such as 1.2.8; nothing was held.").waitFor();
    faults.length = 0; // the browser names the status 422 in its console
  });

  await step("registries tell what went wrong", async () => {
    await page.goto(`${origin}/registries`);
    await page.getByText("the registry did not answer in time").waitFor();
    await page.getByText("61 requests left").waitFor();
    await look("registries");
  });

  await step("stages stand side by side, with what is on its way and the time that is left", async () => {
    await page.getByRole("link", { name: "Promotion" }).click();
    await page.getByText("1 image with stages").waitFor();
    const stages = page.locator(".stage");
    assert.deepEqual(await stages.locator("h3").allInnerTexts(), ["dev deployment/orders", "staging deployment/orders", "production deployment/orders"]);
    await stages.nth(2).getByText("after staging/deployment/orders for 1d").waitFor();
    await stages.nth(2).getByText("in 14h").waitFor();
    const at = await Promise.all([0, 1, 2].map((n) => stages.nth(n).boundingBox()));
    assert.ok(at[0].x < at[1].x && at[1].x < at[2].x && at[0].y === at[2].y, `the stages are at ${JSON.stringify(at)}`);
    await look("promotion");
    await stages.nth(1).getByRole("link", { name: "deployment/orders" }).click();
    await page.getByRole("link", { name: "stages" }).click();
    await page.getByText("1 image with stages").waitFor();
  });

  await step("updates are approved: one with a comment, some, and all that match", async () => {
    await page.goto(`${origin}/approvals`);
    await page.getByText("53 updates, page 1 of 2").waitFor();
    await page.getByText("“ran on staging since Monday”").waitFor();
    await look("approvals");
    await page.reload(); // axe leaves empty style attributes, which the next swap would copy
    await page.getByLabel("Comment").fill("looks good");
    await page.keyboard.press("Enter"); // which is no vote
    await page.getByRole("button", { name: "Reject shop/checkout" }).click();
    await page.getByText("shop/checkout app 3.1.0@sha256:4f4f4f4f…: rejected").waitFor();
    assert.equal(await cluster("votes", "GET"), '{"Reject":1}\n');
    await page.getByRole("checkbox", { name: "billing/gateway" }).check();
    await page.getByRole("button", { name: "Approve the ticked" }).click();
    await page.getByText("billing/gateway app 2.5.1: approved (1 of 2)").waitFor();
    await page.getByLabel("Filter").fill("tools tool-");
    await page.getByText("50 updates", { exact: true }).waitFor();
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Approve all 50 that match" }).click();
    await page.getByText("50 votes cast.").waitFor();
    assert.equal(await cluster("votes", "GET"), '{"Approve":51,"Reject":1}\n');
  });

  await step("a vote is taken back, the stage before passed over, and a rejected update reopened", async () => {
    await page.goto(`${origin}/approvals?q=checkout`);
    await cluster("count");
    await page.getByRole("button", { name: "Withdraw my vote on shop/checkout" }).click();
    await page.getByText("shop/checkout app 3.1.0@sha256:4f4f4f4f…: your vote is withdrawn").waitFor();
    assert.equal(await cluster("votes", "GET"), '{"Approve":51}\n');
    await page.getByLabel("Filter").fill("orders");
    await page.getByRole("button", { name: "Approve now production/orders" }).click();
    await page.getByText("production/orders orders 1.7.2: approved, without waiting for the stage before (1 of 2 say so)").waitFor();
    await page.getByLabel("Filter").fill("");
    await page.getByLabel("Show").selectOption("over");
    await page.getByText("“breaks the export”").waitFor();
    await page.getByLabel("Comment").fill("the export is mended");
    await page.getByRole("button", { name: "Reopen billing/ledger" }).click();
    await page.getByText("billing/ledger app 5.3.0: reopened, with your approval; votes from before do not count").waitFor();
    assert.equal(await cluster("votes", "GET"), '{"Approve":53}\n');
    await look("decided");
  });

  await step("one update tells what its images are, and links to addresses alone", async () => {
    await page.goto(`${origin}/approvals?q=orders`);
    await page.getByRole("link", { name: "what changes with production/orders" }).click();
    await page.getByText("41 days later").waitFor();
    await page.getByText("49.5 MB for linux/amd64").waitFor();
    const source = page.getByRole("link", { name: "https://git.example.com/shop" }).first();
    assert.equal(await source.getAttribute("href"), "https://git.example.com/shop");
    assert.equal(await source.getAttribute("rel"), "noopener noreferrer");
    await look("update");
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByText("production/orders orders 1.7.2: rejected").waitFor();
  });

  await step("a container tells why higher tags are not taken", async () => {
    await page.goto(`${origin}/workloads/shop/Deployment/web`);
    await page.getByRole("link", { name: "why higher tags are not taken" }).click();
    await page.getByRole("row", { name: "2.0.0 other major version" }).waitFor();
    await page.getByText("and 12 more tags").waitFor();
    await page.getByText("javascript:alert(document.domain)").first().waitFor();
    assert.equal(await page.locator("main a[href^='javascript']").count(), 0);
    await look("versions");
  });

  await step("a push is seen without a reload", async () => {
    await page.goto(`${origin}/workloads/shop/Deployment/web`);
    await page.evaluate(() => { globalThis.sameDocument = true; });
    await cluster("push");
    await page.locator(".state-rolling").waitFor();
    await page.getByText("1.5.0").first().waitFor();
    assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded anew");
  });

  await step("ten thousand workloads are filtered, and a page of them is sent", async () => {
    await page.goto(`${origin}/workloads`);
    await cluster("many");
    await page.getByText("10,002 rows, page 1 of 201").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 50);
    await page.getByLabel("Filter").fill("service-0999");
    await page.getByText("10 rows").waitFor();
    await page.getByLabel("Show").selectOption("behind");
    await page.locator(".count", { hasText: /^1 row/ }).waitFor();
    await look("many");
  });

  assert.deepEqual(faults, [], "what the browser complained of");
} finally {
  await browser.close();
}
