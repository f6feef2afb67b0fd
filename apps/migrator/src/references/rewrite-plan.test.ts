import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FormPolicy, Route } from "@bucketferry/config";
import type { ObjectState, RewriteTo } from "./contract.ts";
import { planCell, type CellPlan } from "./rewrite-plan.ts";
import { DEEPEST_JSON, findOccurrences } from "./text/find-occurrences.ts";
import { hostTable, type HostTable } from "./text/host-table.ts";
import { classroomRoutes, NEW, OLD } from "../../test/references/routes.ts";

const VERIFIED = new Set([
  "audio/a.m4a",
  "audio/sub/a b(1).m4a",
  "audio/it's.m4a",
  "audio/a+b&c.m4a",
  "audio/x.png",
  "audio/x.png.bak",
  "audio/q?1.m4a",
  "images/u/1.jpg",
  "images/comma,1.jpg",
  "images/smile:).jpg",
  "images/it's.jpg",
  "images/a b (1).jpg",
  "images/caf\u00e9.jpg",
]);

let routes: Route[];
let hosts: HostTable;
beforeAll(async () => {
  routes = await classroomRoutes();
  hosts = hostTable(routes);
});
afterAll(() => Promise.all(routes.map((route) => route.close())));

function plan(
  text: string,
  {
    isJson = false,
    verified = VERIFIED,
    to = { to: "public" },
  }: { isJson?: boolean; verified?: Set<string>; to?: RewriteTo } = {},
): CellPlan {
  const occurrences = [...findOccurrences(text, { routes, hosts, isJson })];
  const state = (route: string, key: string): ObjectState | undefined =>
    verified.has(`${route}/${key}`) ? { state: "verified", targetKey: key } : undefined;
  return planCell({ text, occurrences }, state, routes, to);
}

const AUDIO = `${OLD}/lecture-audio`;
const IMAGE = `${OLD}/images`;

describe("one URL in a text becomes the target's, and nothing else changes (D9, D11, D13)", () => {
  test.each([
    ["a column of URLs", `${AUDIO}/a.m4a`, `${NEW}/audio/a.m4a`],
    ["white space around it", `  ${AUDIO}/a.m4a\n`, `  ${NEW}/audio/a.m4a\n`],
    [
      "http, another case of the host",
      AUDIO.replace("https://ref.supabase.co", "http://REF.Supabase.CO") + "/a.m4a",
      `${NEW}/audio/a.m4a`,
    ],
    ["protocol-relative", `<img src="${AUDIO.replace("https:", "")}/a.m4a">`, `<img src="${NEW}/audio/a.m4a">`],
    ["a Markdown image", `![x](${IMAGE}/u/1.jpg) and more`, `![x](${NEW}/images/u/1.jpg) and more`],
    ["a Markdown link with a title", `[x](${IMAGE}/u/1.jpg "Title")`, `[x](${NEW}/images/u/1.jpg "Title")`],
    ["parentheses in a Markdown link", `[x](${AUDIO}/sub/a%20b(1).m4a).`, `[x](${NEW}/audio/sub/a%20b%281%29.m4a).`],
    [
      "a parenthesis in a Markdown link that nobody balanced or escaped",
      `![x](${IMAGE}/smile:).jpg) (and more)`,
      `![x](${NEW}/images/smile%3A%29.jpg) (and more)`,
    ],
    [
      "a quote within quotes that nobody escaped",
      `<a href='${IMAGE}/it's.jpg'>`,
      `<a href='${NEW}/images/it%27s.jpg'>`,
    ],
    ["an autolink", `<${AUDIO}/a.m4a>`, `<${NEW}/audio/a.m4a>`],
    ["the end of a sentence", `Hear ${AUDIO}/a.m4a. Then`, `Hear ${NEW}/audio/a.m4a. Then`],
    ["a list", `${AUDIO}/a.m4a,${IMAGE}/u/1.jpg`, `${NEW}/audio/a.m4a,${NEW}/images/u/1.jpg`],
    [
      "srcset",
      `<img srcset="${IMAGE}/u/1.jpg 1x, ${IMAGE}/u/1.jpg 2x">`,
      `<img srcset="${NEW}/images/u/1.jpg 1x, ${NEW}/images/u/1.jpg 2x">`,
    ],
    ["single quotes", `<a href='${AUDIO}/a.m4a'>`, `<a href='${NEW}/audio/a.m4a'>`],
    ["CSS", `background: url(${IMAGE}/u/1.jpg) no-repeat`, `background: url(${NEW}/images/u/1.jpg) no-repeat`],
    ["an entity in an attribute", `<a href="${AUDIO}/a+b&amp;c.m4a">`, `<a href="${NEW}/audio/a%2Bb%26c.m4a">`],
    ["a comma that is part of the key", `see ${IMAGE}/comma,1.jpg`, `see ${NEW}/images/comma%2C1.jpg`],
    ["a query of the app's and a fragment", `${AUDIO}/a.m4a?v=2#t=10`, `${NEW}/audio/a.m4a?v=2#t=10`],
    ["a query of the service's", `${AUDIO}/a.m4a?download=x.m4a`, `${NEW}/audio/a.m4a`],
    ["a key whose question mark nobody escaped (D12)", `${AUDIO}/q?1.m4a`, `${NEW}/audio/q%3F1.m4a`],
    ["JSON", `{"b":1.0, "a": "${AUDIO}/a.m4a","b":1e2}`, `{"b":1.0, "a": "${NEW}/audio/a.m4a","b":1e2}`],
    [
      "JSON with escaped slashes",
      `{"a":"${AUDIO.replaceAll("/", "\\/")}\\/a.m4a"}`,
      `{"a":"${NEW.replaceAll("/", "\\/")}\\/audio\\/a.m4a"}`,
    ],
    [
      "JSON in a string of JSON",
      JSON.stringify({ body: JSON.stringify({ url: `${AUDIO}/a.m4a` }) }),
      JSON.stringify({ body: JSON.stringify({ url: `${NEW}/audio/a.m4a` }) }),
    ],
    [
      "Markdown in JSON",
      JSON.stringify([`\n![x](${IMAGE}/u/1.jpg)\t`]),
      JSON.stringify([`\n![x](${NEW}/images/u/1.jpg)\t`]),
    ],
    ["a member's name", JSON.stringify({ [`${AUDIO}/a.m4a`]: 1 }), JSON.stringify({ [`${NEW}/audio/a.m4a`]: 1 })],
    ["a JSON string alone", JSON.stringify(`${AUDIO}/a.m4a`), JSON.stringify(`${NEW}/audio/a.m4a`)],
  ])("%s", (_name, before, after) => {
    expect(plan(before).after).toBe(after);
    // D18: a second run finds nothing to do.
    expect(plan(after)).toMatchObject({ after, references: [] });
  });

  test("D17: every reference of a cell is journalled, with its JSON path", () => {
    const { references } = plan(JSON.stringify({ files: [`${AUDIO}/a.m4a`, { url: `${IMAGE}/u/1.jpg` }] }), {
      isJson: true,
    });
    expect(references).toEqual([
      { route: "audio", key: "a.m4a", path: "$.files[0]", text: `${NEW}/audio/a.m4a` },
      { route: "images", key: "u/1.jpg", path: "$.files[1].url", text: `${NEW}/images/u/1.jpg` },
    ]);
  });
});

describe("every spelling of a URL is read, and the new URL is written in it (D9, D12, D13)", () => {
  const JPG = `${IMAGE}/u/1.jpg`;
  const NEW_JPG = `${NEW}/images/u/1.jpg`;
  const slashes = (text: string): string => text.replaceAll("/", String.raw`\/`);
  const value = encodeURIComponent;
  const lower = (text: string): string => text.replaceAll(/%../g, (hex) => hex.toLowerCase());
  test.each([
    ["a parameter of another URL", `?url=${value(JPG)}&w=64`, `?url=${value(NEW_JPG)}&w=64`],
    ["a parameter in lower-case escapes", `?url=${lower(value(JPG))}&w=64`, `?url=${lower(value(NEW_JPG))}&w=64`],
    ["a parameter of a parameter", `?a=${value(`/x?url=${value(JPG)}`)}`, `?a=${value(`/x?url=${value(NEW_JPG)}`)}`],
    [
      "a form's body",
      `text=see+${value(`${IMAGE}/a%20b%20(1).jpg`)}+there`,
      `text=see+${value(`${NEW}/images/a%20b%20%281%29.jpg`)}+there`,
    ],
    ["a query within a query", `${JPG}?from=${AUDIO}/a.m4a&x=1`, `${NEW_JPG}?from=${NEW}/audio/a.m4a&x=1`],
    [
      "a query within a query, escaped",
      `${JPG}?from=${value(`${AUDIO}/a.m4a`)}&token=x`,
      `${NEW_JPG}?from=${value(`${NEW}/audio/a.m4a`)}`,
    ],
    ["JSON in an attribute", `x="{&quot;a&quot;:&quot;${JPG}&quot;}"`, `x="{&quot;a&quot;:&quot;${NEW_JPG}&quot;}"`],
    [
      "JSON with escaped slashes in an attribute",
      `x="{&quot;a&quot;:&quot;${slashes(JPG)}&quot;}"`,
      `x="{&quot;a&quot;:&quot;${slashes(NEW_JPG)}&quot;}"`,
    ],
    ["JSON in a page", `<script>{"a":"${slashes(JPG)}"}</script>`, `<script>{"a":"${slashes(NEW_JPG)}"}</script>`],
    [
      "letters beyond ASCII in a program",
      String.raw`x = "${slashes(IMAGE)}\/caf\u00e9.jpg\n"`,
      String.raw`x = "${slashes(NEW)}\/images\/caf%C3%A9.jpg\n"`,
    ],
    ["slashes as numbers", `"${JPG.replaceAll("/", "\\u002f")}"`, `"${NEW_JPG.replaceAll("/", "\\u002f")}"`],
    ["slashes as entities", `"${JPG.replaceAll("/", "&#x2F;")}"`, `"${NEW_JPG.replaceAll("/", "&#x2F;")}"`],
    ["CSS with a backslash", `url(${IMAGE}/a\\ b\\ \\(1\\).jpg)`, `url(${NEW}/images/a%20b%20%281%29.jpg)`],
    ["CSS with a number", `url("${IMAGE}/a%20b%20\\28 1\\29.jpg")`, `url("${NEW}/images/a%20b%20%281%29.jpg")`],
    ["Markdown with a backslash", `[x](${AUDIO}/sub/a%20b\\(1\\).m4a)`, `[x](${NEW}/audio/sub/a%20b%281%29.m4a)`],
    ["Markdown with blanks", `[x](<${IMAGE}/a b (1).jpg> "t")`, `[x](<${NEW}/images/a%20b%20%281%29.jpg> "t")`],
    ["an attribute with blanks", `<img src="${IMAGE}/a b (1).jpg">`, `<img src="${NEW}/images/a%20b%20%281%29.jpg">`],
    ["a column with blanks", `${IMAGE}/a b (1).jpg`, `${NEW}/images/a%20b%20%281%29.jpg`],
    ["a reference definition", `[1]: ${JPG} 'Title'`, `[1]: ${NEW_JPG} 'Title'`],
    ["a URL as its own text", `[${JPG}](${JPG})`, `[${NEW_JPG}](${NEW_JPG})`],
    ["emphasis", `*${JPG}* __${JPG}__ ~~${JPG}~~`, `*${NEW_JPG}* __${NEW_JPG}__ ~~${NEW_JPG}~~`],
    ["BBCode", `[img]${JPG}[/img]`, `[img]${NEW_JPG}[/img]`],
    ["CSV", `"${JPG}","x ""y"""\n${JPG};2`, `"${NEW_JPG}","x ""y"""\n${NEW_JPG};2`],
    ["XML", `<loc>${JPG}</loc><![CDATA[${JPG}]]>`, `<loc>${NEW_JPG}</loc><![CDATA[${NEW_JPG}]]>`],
    ["an attribute without quotes", `<img src=${JPG}/>`, `<img src=${NEW_JPG}/>`],
    ["a language without blanks", `\u770b${JPG}\u3002\u597d`, `\u770b${NEW_JPG}\u3002\u597d`],
    ["a template", `{{${JPG}}} \${${JPG}}`, `{{${NEW_JPG}}} \${${NEW_JPG}}`],
    ["escapes made twice", `${IMAGE}/a%2520b%2520%25281%2529.jpg`, `${NEW}/images/a%20b%20%281%29.jpg`],
    ["a plus for a blank", `${IMAGE}/a+b+(1).jpg`, `${NEW}/images/a%20b%20%281%29.jpg`],
    [
      "a query that stays, letter for letter",
      `<a href="${JPG}?v=1&amp;download=&#38;t=2">`,
      `<a href="${NEW_JPG}?v=1&#38;t=2">`,
    ],
  ])("%s", (_name, before, after) => {
    expect(plan(before).after).toBe(after);
    expect(plan(after)).toMatchObject({ after, references: [] });
  });
});

describe("each form of URL has a policy, and nothing private becomes public (D11, D15, D18)", () => {
  const BASE = "https://ref.supabase.co/storage/v1";
  const forms = {
    public: `${BASE}/object/public/images/u/1.jpg?v=1`,
    signed: `${BASE}/object/sign/images/u/1.jpg?token=x&v=1`,
    authenticated: `${BASE}/object/authenticated/images/u/1.jpg?v=1`,
    bare: `${BASE}/object/images/u/1.jpg?v=1`,
    s3: `${BASE}/s3/images/u/1.jpg?v=1`,
    render: `${BASE}/render/image/public/images/u/1.jpg?width=10&v=1`,
    "private-render": `${BASE}/render/image/authenticated/images/u/1.jpg?width=10&v=1`,
    upload: `${BASE}/object/upload/sign/images/u/1.jpg?token=x&v=1`,
    path: "/storage/v1/object/public/images/u/1.jpg?v=1",
  } as const;
  const app: RewriteTo = { to: "app", appBaseUrl: "https://api.example.com" };
  const APP = "https://api.example.com/files/u/1.jpg";
  test.each([
    ["public", `${NEW}/images/u/1.jpg?v=1`, `${APP}?v=1`],
    ["signed", "private-form", APP],
    ["authenticated", "private-form", `${APP}?v=1`],
    ["bare", "private-form", `${APP}?v=1`],
    ["s3", "private-form", `${APP}?v=1`],
    ["render", "no-counterpart", "no-counterpart"],
    ["private-render", "no-counterpart", "no-counterpart"],
    ["upload", "no-counterpart", "no-counterpart"],
    ["path", "reported-form", "reported-form"],
  ] as const)("%s by default", (form, asPublic, asApp) => {
    for (const [to, expected] of [
      [{ to: "public" }, asPublic],
      [app, asApp],
    ] as const) {
      const { after, kept } = plan(forms[form], { to });
      expect(kept[0]?.reason ?? after).toBe(expected);
      expect(after === forms[form]).toBe(kept.length > 0);
    }
  });

  test.each(Object.keys(forms) as (keyof typeof forms)[])("%s as it is configured", (form) => {
    const with_ = (policy: FormPolicy): CellPlan =>
      plan(forms[form], { to: { to: "public", forms: { [form]: policy } } });
    expect(with_("map").after).toBe(`${NEW}/images/u/1.jpg?v=1`);
    expect(with_("map-and-drop-query").after).toBe(`${NEW}/images/u/1.jpg`);
    expect(with_("keep")).toMatchObject({ after: forms[form], kept: [{ reason: "kept-by-policy" }] });
    expect(with_("report")).toMatchObject({ after: forms[form], kept: [{ reading: { key: "u/1.jpg" } }] });
  });

  test("a path without its host is no more open than the form that it has", () => {
    const text = "/storage/v1/object/authenticated/images/u/1.jpg";
    expect(plan(text, { to: { to: "public", forms: { path: "map" } } })).toMatchObject({
      after: text,
      kept: [{ reason: "private-form" }],
    });
  });

  test("a path behind something else is not taken for one without its host", () => {
    for (const before of ["https://x.example", "${BASE}", "a", "..", "https://user@ref.supabase.co"]) {
      const text = `${before}/storage/v1/object/public/images/u/1.jpg`;
      expect(plan(text, { to: { to: "public", forms: { path: "map" } } }).after).toBe(text);
    }
  });

  test("a key is written only where its characters need no escape that the place does not show", () => {
    const to: RewriteTo = { to: "key" };
    expect(plan(`${IMAGE}/it's.jpg?v=1#x`, { to }).after).toBe("it's.jpg");
    expect(plan(JSON.stringify([`${IMAGE}/it's.jpg`]), { to }).after).toBe(JSON.stringify(["it's.jpg"]));
    expect(plan(`<a href='${IMAGE}/u/1.jpg'>`, { to }).after).toBe("<a href='u/1.jpg'>");
    const risky = `<a href='${IMAGE}/it%27s.jpg'>`;
    expect(plan(risky, { to })).toMatchObject({ after: risky, kept: [{ reason: "not-writable-here" }] });
  });
});

describe("what is put into a cell to do harm (invariant 10)", () => {
  test("JSON in JSON deeper than is read stays, and is said", () => {
    let text = JSON.stringify([`${IMAGE}/u/1.jpg`]);
    for (let depth = 0; depth < DEEPEST_JSON - 1; depth += 1) text = JSON.stringify([text]);
    expect(plan(text).references).toHaveLength(1);
    const deeper = JSON.stringify([text]);
    expect(plan(deeper)).toMatchObject({ after: deeper, kept: [{ reason: "too-deep" }] });
  });

  test("a URL that is longer than any stays, and is said", () => {
    const text = `${IMAGE}/u/1.jpg?${"a".repeat(10_000)}`;
    expect(plan(text)).toMatchObject({ after: text, kept: [{ reason: "too-long" }] });
  });

  test.each([
    ["dots that lead out of the bucket", `${OLD}/images/../lecture-audio/a.m4a`],
    ["escaped dots", `${OLD}/images/%2e%2e/lecture-audio/a.m4a`],
    ["credentials in front of the host", `https://a:b@ref.supabase.co/storage/v1/object/public/images/u/1.jpg`],
    [
      "our host as credentials of another",
      `https://ref.supabase.co@evil.example/storage/v1/object/public/images/u/1.jpg`,
    ],
    [
      "our host in the path of another",
      `https://evil.example//ref.supabase.co/storage/v1/object/public/images/u/1.jpg`,
    ],
    ["another scheme", `ftp://ref.supabase.co/storage/v1/object/public/images/u/1.jpg`],
    ["a scheme that ends like ours", `xhttps://ref.supabase.co/storage/v1/object/public/images/u/1.jpg`],
    ["one slash", `https:/ref.supabase.co/storage/v1/object/public/images/u/1.jpg`],
    ["another port", `https://ref.supabase.co:8443/storage/v1/object/public/images/u/1.jpg`],
    ["a broken escape", `${IMAGE}/u/1%zz.jpg`],
    ["a NUL", `${IMAGE}/u/\u00001.jpg`],
  ])("%s: not rewritten", (_name, text) => {
    expect(plan(text).after).toBe(text);
  });

  test("a token that names another object than its path decides nothing alone", () => {
    const claims = Buffer.from(JSON.stringify({ url: "images/u/1.jpg" })).toString("base64url");
    const text = `https://ref.supabase.co/storage/v1/object/sign/images/comma,1.jpg?token=eyJhbGciOiJIUzI1NiJ9.${claims}.x`;
    expect(plan(text, { to: { to: "public", forms: { signed: "map" } } })).toMatchObject({
      after: text,
      kept: [{ reason: "ambiguous" }],
    });
  });
});

describe("paths without their host, where the configuration maps them", () => {
  const to: RewriteTo = { to: "public", forms: { path: "map" } };
  const path = "/storage/v1/object/public/images/u/1.jpg";
  test.each([
    ["by itself", path, `${NEW}/images/u/1.jpg`],
    ["as JSON escapes it", path.replaceAll("/", "\\/"), `${NEW}/images/u/1.jpg`.replaceAll("/", "\\/")],
    [
      "as the value of a parameter",
      `/go?to=${encodeURIComponent(path)}&x=1`,
      `/go?to=${encodeURIComponent(`${NEW}/images/u/1.jpg`)}&x=1`,
    ],
    [
      "as the value of a parameter, escaped in small letters",
      `/go?to=${path.replaceAll("/", "%2f")}`,
      `/go?to=${NEW.replace("://", "%3a%2f%2f")}%2fimages%2fu%2f1.jpg`,
    ],
  ])("%s", (_name, text, expected) => {
    expect(plan(text, { to }).after).toBe(expected);
    expect(plan(expected, { to })).toMatchObject({ after: expected, references: [] });
  });
});

describe("what stays, and why", () => {
  test.each([
    ["D16: an object that the ledger does not know", `${AUDIO}/none.m4a`, "unknown-object"],
    ["another project", "https://other.supabase.co/storage/v1/object/public/lecture-audio/a.m4a", "other-project"],
    [
      "a host that ends like ours",
      "https://evil-ref.supabase.co/storage/v1/object/public/lecture-audio/a.m4a",
      "other-project",
    ],
    [
      "a host that begins like ours",
      "https://ref.supabase.co.evil.example/storage/v1/object/public/lecture-audio/a.m4a",
      "other-project",
    ],
    [
      "another project behind a domain of its own",
      "https://files.other.example/storage/v1/object/public/lecture-audio/a.m4a",
      "other-project",
    ],
    [
      "another project behind a port",
      "see http://127.0.0.1:54321/storage/v1/object/public/lecture-audio/a.m4a.",
      "other-project",
    ],
    [
      "another project behind a domain of its own, in JSON in a program",
      String.raw`x = "https:\/\/files.other.example\/storage\/v1\/object\/public\/lecture-audio\/a.m4a"`,
      "other-project",
    ],
    [
      "another project behind a domain of its own, as the value of a parameter",
      `/go?to=${encodeURIComponent("https://files.other.example/storage/v1/object/public/lecture-audio/a.m4a")}`,
      "other-project",
    ],
    ["a path without its host", "/storage/v1/object/public/lecture-audio/a.m4a", "reported-form"],
    [
      "a path without its host as the value of a parameter",
      `/go?to=${encodeURIComponent("/storage/v1/object/public/lecture-audio/a.m4a")}&x=1`,
      "reported-form",
    ],
    ["D14: another bucket that begins alike", `${OLD}/lecture-audio2/a.m4a`, "other-bucket"],
    [
      "an image transformation",
      `https://ref.supabase.co/storage/v1/render/image/public/images/u/1.jpg?width=100`,
      "no-counterpart",
    ],
  ])("%s", (_name, text, reason) => {
    const { after, kept } = plan(text);
    expect(after).toBe(text);
    expect(kept.map((one) => one.reason)).toEqual([reason]);
  });

  test("an object that is copied and not verified", () => {
    const occurrences = [...findOccurrences(`${AUDIO}/a.m4a`, { routes, hosts, isJson: false })];
    const { after, kept } = planCell(
      { text: `${AUDIO}/a.m4a`, occurrences },
      () => ({ state: "copied", targetKey: "a.m4a" }),
      routes,
      { to: "public" },
    );
    expect(after).toBe(`${AUDIO}/a.m4a`);
    expect(kept[0]?.reason).toBe("not-verified");
  });

  test("D12: two readings of one URL that are both objects", () => {
    const verified = new Set(["audio/q", "audio/q?1.m4a"]);
    expect(plan(`${AUDIO}/q?1.m4a`, { verified }).kept[0]?.reason).toBe("ambiguous");
  });

  describe("D12 escapes that were made twice, in a URL and in a path without its host", () => {
    const to: RewriteTo = { to: "public", forms: { path: "map" } };
    const PATH = "/storage/v1/object/public/images";
    const BLANK = `${NEW}/images/a%20b.png`;
    const LITERAL = `${NEW}/images/a%2520b.png`;
    const both = ["images/a b.png", "images/a%20b.png"];
    test.each([
      ["the object has a blank", "a%2520b.png", ["images/a b.png"], BLANK],
      ["the object's key holds the escape", "a%2520b.png", ["images/a%20b.png"], LITERAL],
      ["the key holds the escape, and nobody escaped it", "a%20b.png", ["images/a%20b.png"], LITERAL],
      ["both are there", "a%2520b.png", both, "ambiguous"],
      ["neither is there", "a%2520b.png", [], "unknown-object"],
      ["a folder behind a slash that was escaped twice", "u%252F1.jpg", ["images/u/1.jpg"], `${NEW}/images/u/1.jpg`],
      ["a key that holds an escaped slash", "u%252F1.jpg", ["images/u%2F1.jpg"], `${NEW}/images/u%252F1.jpg`],
      ["a folder, and a key like it", "u%252F1.jpg", ["images/u/1.jpg", "images/u%2F1.jpg"], "ambiguous"],
    ] as const)("%s", (_name, key, there, expected) => {
      const verified = new Set<string>(there);
      for (const url of [`${IMAGE}/${key}`, `${PATH}/${key}`]) {
        const known = expected.startsWith("http")
          ? { after: expected, kept: [] }
          : { after: url, kept: [{ reason: expected }] };
        expect(plan(url, { verified, to })).toMatchObject(known);
        expect(plan(JSON.stringify({ url }), { verified, to, isJson: true }).after).toBe(
          JSON.stringify({ url: known.after }),
        );
      }
    });

    test("as the value of a parameter, and of a parameter of that, in either case of the escapes", () => {
      const once = (text: string): string => encodeURIComponent(text);
      const lower = (text: string): string => text.replaceAll(/%../g, (hex) => hex.toLowerCase());
      for (const [before, after] of [
        [`${IMAGE}/u/1.jpg`, `${NEW}/images/u/1.jpg`],
        [`${PATH}/u/1.jpg`, `${NEW}/images/u/1.jpg`],
      ] as const) {
        for (const write of [
          once,
          (text: string) => lower(once(text)),
          (text: string) => once(`/x?next=${once(text)}`),
        ]) {
          expect(plan(`/_next/image?url=${write(before)}&w=64`, { to }).after).toBe(
            `/_next/image?url=${write(after)}&w=64`,
          );
        }
      }
      const verified = new Set(both);
      const text = `?url=${once(`${PATH}/a%2520b.png`)}`;
      expect(plan(text, { verified, to })).toMatchObject({ after: text, kept: [{ reason: "ambiguous" }] });
    });
  });

  test.each([
    ["another path of the same host", "https://ref.supabase.co/rest/v1/lectures?select=*"],
    ["no URL at all", "ref.supabase.co is where we were"],
    ["the same path below another one", "https://files.other.example/x/storage/v1/object/public/lecture-audio/a.m4a"],
    ["a host without a scheme or slashes", "files.other.example/storage/v1/object/public/lecture-audio/a.m4a"],
    ["a bucket of ours on another service", "https://files.other.example/lecture-audio/a.m4a"],
  ])("%s is not a reference", (_name, text) => {
    expect(plan(text)).toEqual({ after: text, references: [], kept: [], alreadyRewritten: 0 });
  });

  test("D14: a.png and a.png.bak are two objects", () => {
    expect(plan(`${AUDIO}/x.png.bak ${AUDIO}/x.png`).after).toBe(`${NEW}/audio/x.png.bak ${NEW}/audio/x.png`);
  });
});

describe("for any text", () => {
  test("without a URL of ours nothing changes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), fc.boolean(), (text, isJson) => {
        expect(plan(text, { isJson: isJson && isValidJson(text) }).after).toBe(text);
      }),
    );
  });

  test("what stands around a URL stays to the letter, whatever it is", () => {
    const around = fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => text.replaceAll("//", "/ /"));
    fc.assert(
      fc.property(around, around, (before, after) => {
        const text = `${before} "${AUDIO}/a.m4a" ${after}`;
        expect(plan(text).after).toBe(`${before} "${NEW}/audio/a.m4a" ${after}`);
      }),
    );
  });

  const url = fc.constantFrom(
    `${AUDIO}/a.m4a`,
    `${IMAGE}/u/1.jpg?v=1&token=x`,
    `${IMAGE}/comma,1.jpg`,
    `${IMAGE}/a%20b%20(1).jpg`,
    `${IMAGE}/unknown.jpg`,
    encodeURIComponent(`${AUDIO}/a.m4a?token=x`),
    `${AUDIO}/a.m4a`.replaceAll("/", String.raw`\/`),
    `https://other.supabase.co/storage/v1/object/public/images/u/1.jpg`,
    `https://ref.supabase.co/storage/v1/object/sign/images/u/1.jpg?token=x`,
  );
  const piece = fc.oneof(
    fc.constantFrom(
      ..." \n\t\"'`()[]{}<>,;.:!?&=#/\\*_~|".split(""),
      "&amp;",
      "&quot;",
      '\\"',
      "](",
      "?url=",
      "&x=",
      "%22",
    ),
    fc.string({ unit: "grapheme", maxLength: 6 }),
  );
  const anyText = fc.array(fc.oneof(piece, url), { maxLength: 20 }).map((pieces) => pieces.join(""));

  test("D18: what was rewritten once is not rewritten again, whatever stands around it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { after } = plan(text);
        expect(plan(after)).toMatchObject({ after, references: [] });
      }),
      { numRuns: 500 },
    );
  });

  test("no edit reaches outside of the URL that it is for", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { start, readings } of findOccurrences(text, { routes, hosts, isJson: false })) {
          for (const reading of readings) {
            expect(text.slice(start, reading.end)).toMatch(
              /^(?:https?|\/|\\|%2F)[^\n]*(?:supabase\.co|cdn\.example\.com)/i,
            );
            for (const edit of reading.edits("https://cdn.example.com/x", "drop-all-and-fragment") ?? []) {
              expect(edit.start).toBeGreaterThanOrEqual(start);
              expect(edit.end).toBeLessThanOrEqual(reading.end);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a URL that misses by a character of its host, its path or its bucket changes nothing", () => {
    const whole = `${IMAGE}/u/1.jpg`;
    const key = whole.indexOf("u/1.jpg");
    const other = fc.constantFrom("", ..."aZ0-._~%:@é".split(""));
    fc.assert(
      fc.property(fc.integer({ min: "https://".length, max: key - 1 }), other, (at, put) => {
        const text = whole.slice(0, at) + put + whole.slice(at + 1);
        fc.pre(text.toLowerCase() !== whole.toLowerCase());
        expect(plan(text).after).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test("JSON keeps its values but for the URL", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, url: `${AUDIO}/a.m4a` });
        expect(plan(text, { isJson: true }).after).toBe(JSON.stringify({ value, url: `${NEW}/audio/a.m4a` }));
      }),
    );
  });
});

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
