import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "@bucketferry/config";
import type { ObjectState } from "./contract.ts";
import { planCell, type CellPlan } from "./rewrite-plan.ts";
import { findOccurrences } from "./text/find-occurrences.ts";
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
  { isJson = false, verified = VERIFIED }: { isJson?: boolean; verified?: Set<string> } = {},
): CellPlan {
  const occurrences = [...findOccurrences(text, { routes, hosts, isJson })];
  const state = (route: string, key: string): ObjectState | undefined =>
    verified.has(`${route}/${key}`) ? { state: "verified", targetKey: key } : undefined;
  const cell = { table: "t", column: "c", primaryKey: { id: 1 } };
  return planCell({ cell, text, occurrences }, state, routes, { to: "public" });
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
    const cell = { table: "t", column: "c", primaryKey: { id: 1 } };
    const { after, kept } = planCell(
      { cell, text: `${AUDIO}/a.m4a`, occurrences },
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

  test.each([
    ["another path of the same host", "https://ref.supabase.co/rest/v1/lectures?select=*"],
    ["no URL at all", "ref.supabase.co is where we were"],
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
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.boolean(), (text, isJson) => {
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
