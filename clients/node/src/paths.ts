/** The texts of a document at a path such as `title`, `chapters[*].text`, `authors[-1].name`, or `$` for all of it. */
export function textsAt (document: unknown, path: string): string[] {
  if (path === '' || path === '$') return [JSON.stringify(document)]
  let found: unknown[] = [document]
  for (const [step] of path.matchAll(/\[[^\]]*\]|[^.[]+/g)) found = found.flatMap((value) => below(value, step))
  return found.flatMap((value) => value === null || value === undefined ? [] : [typeof value === 'object' ? JSON.stringify(value) : String(value)])
}

function below (value: unknown, step: string): unknown[] {
  if (value === null || typeof value !== 'object') return []
  if (step === '*' || step === '[*]') return Object.values(value)
  if (!step.startsWith('[')) return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : []
  return Array.isArray(value) && /^\[-?\d+\]$/.test(step) ? [value.at(Number(step.slice(1, -1)))] : []
}
