/** An id that the preview keeps in the address, so that a reload and the way back find it. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";

export function useInAddress(name: string): [id: string | null, keep: (id: string | null) => void] {
  const [search, setSearch] = useSearchParams();
  const keep = useCallback(
    (id: string | null) =>
      setSearch(
        (params) => {
          if (id) params.set(name, id);
          else params.delete(name);
          return params;
        },
        { replace: true },
      ),
    [name, setSearch],
  );
  return [search.get(name), keep];
}
