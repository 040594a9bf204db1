/** Whether the page is on its way to paper: everything is expanded then, and no row left out. */
import { signal } from '@preact/signals';

export const printing = signal(false);

/** The result ends it. */
export function startPrinting(): () => void {
  const begin = (): void => {
    printing.value = true;
  };
  const end = (): void => {
    printing.value = false;
  };
  addEventListener('beforeprint', begin);
  addEventListener('afterprint', end);
  return () => {
    removeEventListener('beforeprint', begin);
    removeEventListener('afterprint', end);
    end();
  };
}
