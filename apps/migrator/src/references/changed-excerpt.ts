import { masked, withoutSecrets } from "./text/mask.ts";

/** Characters shown on both sides of what changed. */
const CONTEXT = 60;
/** Characters of both sides that are looked at for secrets: more than any token has. */
const MARGIN = 16_384;

export interface ChangedExcerpt {
  readonly before: string;
  readonly after: string;
}

/** An event with both versions of a text: made when somebody reads them, since of millions of cells a few are shown. */
export function withExcerpt<Event extends object>(event: Event, before: string, after: string): Event & ChangedExcerpt {
  let excerpt: ChangedExcerpt | undefined;
  const known = (): ChangedExcerpt => (excerpt ??= changedExcerpt(before, after));
  return {
    ...event,
    get before() {
      return known().before;
    },
    get after() {
      return known().after;
    },
  };
}

/**
 * Two versions of a text as they may be shown: from a little before the first difference to a little behind the last one, since
 * the change may stand anywhere in a long document. Secrets are hidden first, so that no cut can uncover one.
 */
export function changedExcerpt(before: string, after: string): ChangedExcerpt {
  const raw = difference(before, after);
  const start = Math.max(0, raw.start - MARGIN);
  const part = (text: string): string => withoutSecrets(text.slice(start, text.length - raw.sameAtEnd + MARGIN));
  const [old, now] = [part(before), part(after)];
  const shown = difference(old, now);
  const excerpt = (text: string, whole: string): string => {
    // A URL is read from its beginning, when that is near.
    const from = Math.max(
      0,
      Math.min(shown.start, text.lastIndexOf("//", shown.start)) - CONTEXT,
      shown.start - 4 * CONTEXT,
    );
    const to = Math.min(text.length, text.length - shown.sameAtEnd + CONTEXT);
    const isCut = to < text.length || whole.length - raw.sameAtEnd + MARGIN < whole.length;
    return `${from > 0 || start > 0 ? "…" : ""}${masked(text.slice(from, to))}${isCut ? "…" : ""}`;
  };
  return { before: excerpt(old, before), after: excerpt(now, after) };
}

function difference(a: string, b: string): { readonly start: number; readonly sameAtEnd: number } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a.charCodeAt(start) === b.charCodeAt(start)) start += 1;
  let sameAtEnd = 0;
  while (
    sameAtEnd < shorter - start &&
    a.charCodeAt(a.length - 1 - sameAtEnd) === b.charCodeAt(b.length - 1 - sameAtEnd)
  ) {
    sameAtEnd += 1;
  }
  return { start, sameAtEnd };
}
