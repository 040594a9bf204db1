/** A fingerprint in groups that lines break between, so that two of them can be compared. */
import type { VNode } from 'preact';
import { fingerprintText } from '../../../ui/format.ts';

/** Of 8 bytes with their colons. */
const GROUP = /.{1,24}/g;

export function Fingerprint({ hex }: { readonly hex: string }): VNode {
  return (
    <code class="fingerprint-groups">
      {(fingerprintText(hex).match(GROUP) ?? []).map((group) => (
        <span key={group}>{group}</span>
      ))}
    </code>
  );
}
