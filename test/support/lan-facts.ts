/** Facts of a made-up server, for tests of discovery. */
import type { PeerFacts } from '../../src/discovery/lan-peer.ts';

export function aPeer(changes: Partial<PeerFacts> = {}): PeerFacts {
  return {
    id: '11111111-2222-4333-8444-555555555555',
    name: 'Attic',
    mode: 'recording',
    version: '0.1.0',
    httpPort: 51_443,
    peerPort: 51_444,
    fingerprint: 'ab'.repeat(32),
    enabled: true,
    ...changes,
  };
}

/** The same id for the same number. */
export const idOf = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
