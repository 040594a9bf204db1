/** The keys of playback (timeline/keys.ts), as `?` shows them. */
import type { VNode } from 'preact';
import { t, type PlaybackKey } from '../../messages/playback/words.ts';
import { Dialog } from '../../ui/dialog.tsx';

type Line = readonly [words: PlaybackKey, ...keys: string[]];
const LINES: readonly Line[] = [
  ['help.play', ' '],
  ['help.second', '←', '→'],
  ['help.frame', ',', '.'],
  ['help.gap', '[', ']'],
  ['help.page', 'Page ↑', 'Page ↓'],
  ['help.ends', 'Home', 'End'],
  ['help.newest', 'N'],
  ['help.speed', '<', '>'],
  ['help.zoom', '-', '+'],
  ['help.pan', 'H', 'L'],
  ['help.centre', 'C'],
  ['help.goTo', 'G'],
  ['help.marks', 'I', 'O'],
  ['help.export', 'E'],
  ['help.table', 'T'],
  ['help.sound', 'S'],
  ['help.find', 'F'],
  ['help.help', '?'],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }): VNode {
  return (
    <Dialog title={t('helpTitle')} onClose={onClose}>
      <dl class="keys">
        {LINES.map(([words, ...keys]) => (
          <div key={words}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key === ' ' ? t('key.space') : key}</kbd>
              ))}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
