import type { Document } from "./documents.ts";
import { NEW, OLD } from "../routes.ts";

/** A document with references in it, before and after all of them were rewritten. */
export interface Woven {
  readonly before: string;
  readonly after: string;
  /** How many references are to be rewritten. */
  readonly rewritten: number;
}

/** One reference: as it is stored, and what it becomes (itself where it stays). */
interface Reference {
  readonly old: string;
  readonly next: string;
}

/** A piece of text around a URL: written by a hand that knows what has to be escaped in it. */
type Context = (url: string) => string;

const HOSTED = "https://ref.supabase.co/storage/v1/object/public";
const images = (key: string): string => `${NEW}/images/${key}`;

/** Keys of objects that are verified. */
export const VERIFIED: ReadonlySet<string> = new Set([
  "images/a.png",
  "images/u/1_2/photo-3.jpg",
  "images/two words.png",
  "images/plus+and&.png",
  "images/caf\u00e9.png",
  "images/sum=1;x,y.png",
  "images/at@home:$5.png",
]);

const REFERENCES: readonly Reference[] = [
  { old: `${OLD}/images/a.png`, next: images("a.png") },
  { old: `${OLD}/images/u/1_2/photo-3.jpg`, next: images("u/1_2/photo-3.jpg") },
  { old: `${OLD}/images/two%20words.png`, next: images("two%20words.png") },
  { old: `${OLD}/images/two%2520words.png`, next: images("two%20words.png") },
  { old: `${OLD}/images/plus+and&.png`, next: images("plus%2Band%26.png") },
  { old: `${OLD}/images/plus%2band%26.png`, next: images("plus%2Band%26.png") },
  { old: `${OLD}/images/caf\u00e9.png`, next: images("caf%C3%A9.png") },
  { old: `${OLD}/images/caf%c3%a9.png`, next: images("caf%C3%A9.png") },
  { old: `${OLD}/images/sum=1;x,y.png`, next: images("sum%3D1%3Bx%2Cy.png") },
  { old: `${OLD}/images/at@home:$5.png`, next: images("at%40home%3A%245.png") },
  { old: `${OLD}/images/a.png?v=1&t=2#top`, next: `${images("a.png")}?v=1&t=2#top` },
  { old: `${OLD}/images/a.png?download=b.png&v=1`, next: `${images("a.png")}?v=1` },
  { old: `${OLD}/images/a.png?width=10`, next: images("a.png") },
  { old: `HTTPS://REF.Supabase.CO:443/storage/v1/object/public/images/a.png`, next: images("a.png") },
  { old: `http://ref.supabase.in/storage/v1/object/public/images/a.png`, next: images("a.png") },
  { old: `https://ref.storage.supabase.co/storage/v1/object/public/images/a.png`, next: images("a.png") },
  { old: `//ref.supabase.co/storage/v1/object/public/images/a.png`, next: images("a.png") },
];

const STAYING = [
  `${OLD}/images/unknown.png`,
  `${OLD}/elsewhere/a.png`,
  `${HOSTED.replace("ref.", "other.")}/images/a.png`,
  `${HOSTED.replace("/public", "/sign")}/images/a.png?token=eyJhbGciOiJIUzI1NiJ9.e30.c2ln`,
  `https://ref.supabase.co/rest/v1/images?select=*`,
  `${NEW}/images/a.png`,
].map((old): Reference => ({ old, next: old }));

const entities: Context = (url) => url.replaceAll("&", "&amp;");
const slashes: Context = (url) => url.replaceAll("/", String.raw`\/`);
const json: Context = (text) => JSON.stringify(text).slice(1, -1);
const value: Context = (url) => encodeURIComponent(url);

const MARKDOWN: readonly Context[] = [
  (url) => `![alt](${url})`,
  (url) => `[text](${url} "Title")`,
  (url) => `[text](<${url}>)`,
  (url) => `<${url}>`,
  (url) => `see ${url} and more`,
  (url) => `\`${url}\``,
  (url) => `**"${url}"**`,
  (url) => `| ${url} | x |`,
  (url) => `\n\n[reference]: ${url}\n`,
  (url) => `\n[other]: <${url}> 'Title'\n`,
];
const HTML: readonly Context[] = [
  (url) => `<img src="${entities(url)}" alt="">`,
  (url) => `<a href='${entities(url)}'>x</a>`,
  (url) => `<img src=${entities(url)}>`,
  (url) => `<img srcset="${entities(url)} 1x, ${entities(url)} 2x">`,
  (url) => `<link imagesrcset="${entities(url)} 100w,${entities(url)} 200w">`,
  (url) => `<p style="background: url(${entities(url)}) no-repeat">`,
  (url) => `<style>p { background: url("${url}") }</style>`,
  (url) => `<loc>${entities(url)}</loc>`,
  (url) => `<![CDATA[${url}]]>`,
  (url) => `<div data-page="${JSON.stringify({ url }).replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"></div>`,
  (url) => `<div data-page="{&quot;url&quot;:&quot;${slashes(entities(url))}&quot;}"></div>`,
  (url) => `<img src="/_next/image?url=${value(url)}&amp;w=64">`,
  (url) => `<script>load({"url":"${slashes(url)}"})</script>`,
];
const CSS: readonly Context[] = [
  (url) => `.a { background-image: url(${url}); }`,
  (url) => `.a { background-image: url("${url}"), url('${url}'); }`,
  (url) => `/* ${url} */`,
  (url) => `@import "${url}";`,
];
const PROGRAM: readonly Context[] = [
  (url) => `const a = "${url}";`,
  (url) => `const a = '${url}';`,
  (url) => `const a = \`${url}\`;`,
  (url) => `// ${url}`,
  (url) => `/** {@link ${url}} */`,
  (url) => `const a = "${slashes(url)}";`,
  (url) => `const a = "${url.replaceAll("/", String.raw`\u002f`).replaceAll("&", String.raw`\u0026`)}";`,
  (url) => `const a = "${slashes(slashes(url).replaceAll("\\", "\\\\"))}";`,
  (url) => `fetch("/proxy?url=${value(url)}&x=1")`,
  (url) => `fetch("/proxy?url=${value(value(url))}")`,
  (url) => `fetch("/proxy?url=${value(url).replaceAll(/%../g, (hex) => hex.toLowerCase())}")`,
];
const YAML: readonly Context[] = [
  (url) => `url: ${url}`,
  (url) => `- "${url}"`,
  (url) => `- '${url}'`,
  (url) => `# ${url}`,
  (url) => `a,"${url}",${url}`,
];
/** As the content of a string. */
const IN_JSON: readonly Context[] = [
  json,
  (url) => json(`see ${url} there`),
  (url) => slashes(json(url)),
  (url) =>
    json(url)
      .replaceAll("&", String.raw`\u0026`)
      .replaceAll("=", String.raw`\u003d`),
  (url) => json(`![x](${url})\n\t"quoted"`),
  (url) => json(`<img src="${entities(url)}">`),
  (url) => json(JSON.stringify({ inner: url, n: 1.5e2 })),
  (url) => json(slashes(JSON.stringify({ inner: [url] }))),
  (url) => json(JSON.stringify({ inner: JSON.stringify({ deeper: `a\n${url}` }) })),
  (url) => json(`\u{1f600} ${url} \u{1f600}`).replaceAll("\u{1f600}", String.raw`\ud83d\ude00`),
];

const CONTEXTS: Readonly<Record<string, readonly Context[]>> = {
  md: [...MARKDOWN, ...HTML],
  html: HTML,
  svg: HTML,
  xml: HTML,
  css: CSS,
  ts: PROGRAM,
  js: PROGRAM,
  yml: YAML,
};

/** Puts references of every kind into a document, at places and in contexts that `random` chooses. Undefined: there is no place. */
export function weave({ kind, text }: Document, random: () => number): Woven | undefined {
  const isJson = kind === "json";
  const places = isJson ? stringsOf(text) : linesOf(text);
  const contexts = isJson ? IN_JSON : CONTEXTS[kind];
  if (places.length === 0 || contexts === undefined) return undefined;
  const chosen = new Set(Array.from({ length: 1 + random() * 6 }, () => Math.floor(random() * places.length)));

  const [before, after]: [string[], string[]] = [[], []];
  let from = 0;
  let rewritten = 0;
  for (const index of [...chosen].toSorted((a, b) => a - b)) {
    const place = places[index];
    const context = pick(contexts, random);
    const stays = random() < 0.2;
    const { old, next } = pick(stays ? STAYING : REFERENCES, random);
    if (place === undefined) continue;
    const between = text.slice(from, place.start);
    const [left, right] = isJson ? ["", ""] : [" ", "\n"];
    before.push(between, left, context(old), right);
    after.push(between, left, context(next), right);
    from = place.end;
    if (old !== next) rewritten += context("mark").split("mark").length - 1;
  }
  const rest = text.slice(from);
  return { before: before.join("") + rest, after: after.join("") + rest, rewritten };
}

function pick<T>(all: readonly T[], random: () => number): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The ends of lines. */
function linesOf(text: string): Span[] {
  return [...text.matchAll(/$/gm)].map(({ index }) => ({ start: index, end: index }));
}

/** The contents of strings that are values, in a text that is JSON. */
function stringsOf(text: string): Span[] {
  try {
    JSON.parse(text);
  } catch {
    return [];
  }
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"(?=\s*[,}\]])/g)].map(({ index, 1: content = "" }) => ({
    start: index + 1,
    end: index + 1 + content.length,
  }));
}
