/**
 * Whether the fragments of a segment stand as they were written, from chain and sequence alone. Pure.
 *
 * The chain decides: a fragment that links to the one before it is in its place, whatever its number. Where the chain breaks,
 * numbers and the chains of the others tell why: left out, moved, put in, or altered.
 */
import { follows } from '../media/mp4/parse-fragment.ts';
import { findingOf } from './findings.ts';
import type { Finding, FindingKind } from './findings.ts';

export type Link = {
  readonly sequence: number;
  readonly offset: number;
  /** Wall milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly fragmentHash: Uint8Array;
  readonly chain: Uint8Array;
  /** Something unreadable stands between the fragment before and this one, or this one itself is not intact. */
  readonly behindDamage: boolean;
};

type Cursor = { readonly sequence: number | undefined; readonly chain: Uint8Array | undefined };

/**
 * `chainStart` undefined: the start of the file is unreadable, the first fragment is believed.
 * `file` is what findings name.
 */
export function checkOrder(
  links: readonly Link[],
  chainStart: Uint8Array | undefined,
  file: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  const placed = new Set<number>();
  let waiting: Link[] = [];
  let cursor: Cursor = { sequence: undefined, chain: chainStart };
  const report = (kind: FindingKind, link: Link, message: string): number =>
    findings.push(findingOf(kind, file, message, { ...placeOf(link) }));
  const advance = (link: Link): void => {
    placed.add(link.sequence);
    cursor = { sequence: link.sequence, chain: link.chain };
  };
  /** Fragments that came too early and whose place is here. */
  const takeWaiting = (): void => {
    let taken = waiting.find((link) => linksTo(link, cursor));
    while (taken !== undefined) {
      const here = taken;
      report('reordered', here, `fragment ${here.sequence} stands in another place than it was written`);
      advance(here);
      waiting = waiting.filter((link) => link !== here);
      taken = waiting.find((link) => linksTo(link, cursor));
    }
  };
  for (const [index, link] of links.entries()) {
    if (!linksTo(link, cursor)) takeWaiting();
    if (linksTo(link, cursor)) {
      advance(link);
    } else if (
      placed.has(link.sequence) ||
      links.slice(index + 1, index + 1 + LOOK_AHEAD).some((l) => linksTo(l, cursor))
    ) {
      waiting.push(link);
    } else {
      findings.push(...breakOf(link, cursor, file));
      advance(link);
    }
  }
  takeWaiting();
  for (const link of waiting) {
    const again = placed.has(link.sequence);
    report(
      again || !links.some((other) => linksTo(link, other)) ? 'inserted' : 'reordered',
      link,
      again ? `fragment ${link.sequence} stands here a second time` : `fragment ${link.sequence} does not belong here`,
    );
  }
  return findings;
}

/** How far behind a stranger the true next fragment is looked for. */
const LOOK_AHEAD = 64;

function breakOf(link: Link, { sequence }: Cursor, file: string): readonly Finding[] {
  if (link.behindDamage) return [];
  const place = placeOf(link);
  if (sequence === undefined) {
    const message = `fragment ${link.sequence} does not follow the start of the file: the start was altered, or fragments before it were removed`;
    return [findingOf('altered', file, message, place)];
  }
  if (link.sequence > sequence + 1) {
    const last = link.sequence - 1;
    const which = last === sequence + 1 ? `fragment ${last} is` : `fragments ${sequence + 1} to ${last} are`;
    return [
      findingOf('missing', file, `${which} missing in front of fragment ${link.sequence}`, {
        ...place,
        sequence: sequence + 1,
      }),
    ];
  }
  return [
    findingOf('altered', file, `the chain of fragment ${link.sequence} does not follow from the one before`, place),
  ];
}

const linksTo = (link: Link, { chain }: Pick<Cursor, 'chain'>): boolean => chain !== undefined && follows(link, chain);

const placeOf = ({ sequence, offset, start, end }: Link): Pick<Link, 'sequence' | 'offset' | 'start' | 'end'> => ({
  sequence,
  offset,
  start,
  end,
});
