/** How many entries a page of a listing gets, of those that were asked for. */
export type PageSize = (limit: number) => number;

export const fullPages: PageSize = (limit) => limit;

/** Of the page that was asked for; 0: nothing at all, and still there is more. */
const SHARES = [0, 0.5, 0.001, 0.3];

/**
 * Pages that end early, some of them with nothing, though the listing goes on: "a response might contain fewer keys but will
 * never contain more" (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). The shares come in turn, so that a run
 * of the same requests is given the same pages.
 */
export function shortPages(): PageSize {
  let turn = 0;
  return (limit) => Math.ceil(limit * (SHARES[turn++ % SHARES.length] ?? 1));
}
