/** The grid of pictures: every tile 16:9 and as large as the box allows. */
import type { ComponentChildren, VNode } from 'preact';
import './live.css';

type Props = {
  readonly columns: number;
  readonly count: number;
  readonly label: string;
  readonly kind: 'live' | 'stage';
  readonly children: ComponentChildren;
};

export function Grid({ columns, count, label, kind, children }: Props): VNode {
  const rows = Math.max(1, Math.ceil(count / columns));
  return (
    <div class="grid-box">
      <ul class={`grid ${kind}`} style={{ '--columns': String(columns), '--rows': String(rows) }} aria-label={label}>
        {children}
      </ul>
    </div>
  );
}
