/** The grid of pictures: every tile 16:9 and as large as the box allows. */
import type { ComponentChildren, VNode } from 'preact';
import './live.css';

type Props = {
  readonly columns: number;
  readonly count: number;
  readonly label: string;
  readonly kind: 'live' | 'stage';
  readonly children: ComponentChildren;
  /** Absent: as many as the tiles need. */
  readonly rows?: number;
  /** The first tile is four times as large. */
  readonly focus?: boolean;
};

export function Grid({ columns, count, label, kind, children, rows, focus }: Props): VNode {
  const needed = rows ?? Math.max(1, Math.ceil(count / columns));
  return (
    <div class="grid-box">
      <ul
        class={`grid ${kind} ${focus ? 'focus' : ''}`}
        style={{ '--columns': String(columns), '--rows': String(needed) }}
        aria-label={label}
      >
        {children}
      </ul>
    </div>
  );
}
