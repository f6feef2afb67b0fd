import type { Config } from "@bucketferry/config";
import { referenceFetcher } from "./fetch-reference.ts";
import type { StageContext } from "./stage-context.ts";

/** A few objects of each route stand for all of them: whether their new URLs work is a matter of the bucket and its CDN. */
const SAMPLES = 3;

/**
 * Asks for some of the URLs that a rewrite would store, as a user's browser would. Gives those that do not answer, so that
 * nobody finds out only when every stored URL is one of them.
 */
export async function probeUrls({ routes, ledger, drain }: StageContext, config: Config): Promise<readonly string[]> {
  if (config.rewrite.to !== "public") return [];
  const fetchReference = referenceFetcher();
  const silent: string[] = [];
  for (const { name, target } of routes) {
    let asked = 0;
    for await (const object of ledger.objects.walk({ route: name, states: ["verified"], signal: drain })) {
      const url = target.publicUrl(object.targetKey);
      const answer = await fetchReference(url, drain);
      if (answer?.ok === false) silent.push(url);
      asked++;
      if (asked === SAMPLES) break;
    }
  }
  return silent;
}
