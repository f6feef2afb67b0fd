import type { ReferenceRoute } from "../contract.ts";
import type { Sign } from "../sign.ts";

type Side = ReferenceRoute["source"];

/**
 * The signs of a URL of one of these sources. Hosts can be written in any case (RFC 3986 §3.2.2), and putting millions of texts into
 * lower case is dearer than all the searching in them. So where every URL of a source has a path of its own, which has its
 * case, the words of that are looked for: nothing escapes letters, whatever it does to the slashes between them. Beside them
 * the host in lower case, for whoever did escape them.
 */
export function signsOfSources(sources: readonly Side[]): readonly Sign[] {
  return withoutNarrower(
    sources.flatMap((source) => {
      const hosts = hostNames(source);
      if (source.urlPathPart !== undefined) return [wordsOf(source.urlPathPart, false), ...hosts.map(asItIs)];
      const stem = pathStem(source);
      return [
        ...hosts.map((host): Sign => ({ texts: [host], anyCase: true })),
        ...(stem === undefined ? [] : [wordsOf(stem, true)]),
      ];
    }),
  );
}

/** References to targets are those that a rewrite has written: they have the host as it was written. */
export function signsOfTargets(targets: readonly Side[]): readonly Sign[] {
  return withoutNarrower(
    targets.flatMap((target) => [...new Set([...hostNames(target), ...writtenHosts(target)])].map(asItIs)),
  );
}

/** Whoever finds a wider one finds what the narrower would. */
export function withoutNarrower(signs: readonly Sign[]): readonly Sign[] {
  return signs.filter(
    (sign, index) =>
      !signs.some((other, place) => index !== place && covers(other, sign) && (place < index || !covers(sign, other))),
  );
}

/** Whether one of the signs is in a text. */
export function signFinder(signs: readonly Sign[]): (text: string) => boolean {
  const each = signs.map(({ texts, anyCase }) => {
    const tests = texts.map((text) => (anyCase ? inAnyCase(text) : (whole: string) => whole.includes(text)));
    return (whole: string): boolean => tests.every((test) => test(whole));
  });
  return (whole) => each.some((test) => test(whole));
}

/** Without ports, and without the `*.` of wildcards; lower case. */
export function hostNames({ urlHosts }: Pick<Side, "urlHosts">): string[] {
  return urlHosts.map((host) => host.replace(/^\*\./, "").replace(/:\d+$/, "").toLowerCase());
}

/** The first two segments of the path of a source's URLs, lower case: one would be a word of any text. */
export function pathStem(source: Pick<Side, "publicUrl">): string | undefined {
  return /^https?:\/\/[^/]+(\/[a-z0-9._-]+\/[a-z0-9._-]+\/)./i.exec(urlOf(source) ?? "")?.[1]?.toLowerCase();
}

/** Letters, digits and what else no encoding escapes. */
function wordsOf(path: string, anyCase: boolean): Sign {
  return { texts: path.match(/[A-Za-z0-9._-]+/g) ?? [], anyCase };
}

function asItIs(text: string): Sign {
  return { texts: [text], anyCase: false };
}

function writtenHosts(target: Side): string[] {
  const host = /^https?:\/\/([^/:]+)/i.exec(urlOf(target) ?? "")?.[1];
  return host === undefined ? [] : [host];
}

/** Any URL; undefined: the provider has no public ones. */
function urlOf({ publicUrl }: Pick<Side, "publicUrl">): string | undefined {
  try {
    return publicUrl("x");
  } catch {
    return undefined;
  }
}

function covers(wider: Sign, narrower: Sign): boolean {
  if (narrower.anyCase && !wider.anyCase) return false;
  const held = narrower.texts.map((text) => (wider.anyCase ? text.toLowerCase() : text));
  return wider.texts.every((text) => held.some((one) => one.includes(text)));
}

function inAnyCase(text: string): (whole: string) => boolean {
  const pattern = new RegExp(asPattern(text), "i");
  return (whole) => pattern.test(whole);
}

/** For a regular expression that finds the text itself. */
export function asPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
