/** Moving a tile while a view is arranged: buttons, keys and dragging do the same. */
import type { VNode } from 'preact';
import { t } from '../../messages/live/words.ts';
import { Icon } from '../../ui/icon.tsx';

export type Arranging = {
  readonly index: number;
  readonly count: number;
  /** To a place counted from 0. */
  readonly onMove: (to: number) => void;
  readonly onRemove: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onDragStart: (event: DragEvent) => void;
  readonly onDragOver: (event: DragEvent) => void;
  readonly onDrop: (event: DragEvent) => void;
};
const DRAGGED = 'application/x-understudy-camera';

type Place = { readonly id: string; readonly index: number; readonly count: number };
export type Changes = { readonly move: (id: string, to: number) => void; readonly remove: (id: string) => void };

export function arrangingOf({ id, index, count }: Place, { move, remove }: Changes): Arranging {
  const onMove = (to: number): void => move(id, Math.max(0, Math.min(count - 1, to)));
  return {
    index,
    count,
    onMove,
    onRemove: () => remove(id),
    onKeyDown: (event) => {
      const to = placeFor(event.key, index, count);
      if (event.key === 'Delete' || event.key === 'Backspace') remove(id);
      else if (to === undefined) return;
      else onMove(to);
      event.preventDefault();
    },
    onDragStart: (event) => event.dataTransfer?.setData(DRAGGED, id),
    onDragOver: (event) => {
      if (event.dataTransfer?.types.includes(DRAGGED) === true) event.preventDefault();
    },
    onDrop: (event) => {
      event.preventDefault();
      const dragged = event.dataTransfer?.getData(DRAGGED) ?? '';
      if (dragged !== '') move(dragged, index);
    },
  };
}

function placeFor(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowUp':
      return index - 1;
    case 'ArrowRight':
    case 'ArrowDown':
      return index + 1;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

export function ArrangeTools({ name, arranging }: { readonly name: string; readonly arranging: Arranging }): VNode {
  const { index, count, onMove, onRemove } = arranging;
  return (
    <span class="tile-tools stay">
      <button
        type="button"
        class="tile-button"
        disabled={index === 0}
        aria-label={t('view.earlier', { name })}
        onClick={() => onMove(index - 1)}
      >
        <Icon name="chevronLeft" />
      </button>
      <button
        type="button"
        class="tile-button"
        disabled={index === count - 1}
        aria-label={t('view.later', { name })}
        onClick={() => onMove(index + 1)}
      >
        <Icon name="chevronRight" />
      </button>
      <button type="button" class="tile-button" aria-label={t('view.remove', { name })} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </span>
  );
}
