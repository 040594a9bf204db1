/** What users and tokens have in common: nobody gives a role above their own, and there is an end to their number. */
import { UnderstudyError } from '../../core/errors.ts';

export const notAbove = (what: string): UnderstudyError =>
  new UnderstudyError('forbidden', 'auth/role', `${what} only for roles below your own.`);

export const tooMany = (what: string, most: number): UnderstudyError =>
  new UnderstudyError('conflict', 'limit/reached', `There are ${most} ${what} already, which is the most.`);
