/** A run of each contestant for a run of all others, in the order in which they are given, so that no drift favours one of them. */
export async function interleaved<Contestant extends { readonly name: string }, Result>(
  rounds: number,
  contestants: readonly Contestant[],
  run: (contestant: Contestant, round: number) => Promise<Result>,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const results = new Map<string, Result[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of contestants) results.get(contestant.name)?.push(await run(contestant, round));
  }
  return results;
}
