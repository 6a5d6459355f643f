/** Adding nodes from the page: by drag, behind a node, inside an edge. Knows where there is room. */
import { useReactFlow } from "@xyflow/react";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";
import { newData } from "../graph/defaults";
import { addAfter, addNode, addNote, insertInto } from "../graph/edit";
import { NODE_WIDTH, sizeOf } from "../graph/layout";
import { freeTitle, isContainer, nodeById, type Graph, type GraphNode, type Point } from "../graph/model";
import { graphNow } from "../store/builder";
import { useAround, useBuilderStore } from "../store/BuilderContext";
import { useWords } from "../words";
import type { Offer } from "./OfferContext";

const GAP = 72;

/** A place behind a node where nothing lies yet. */
function placeBehind(graph: Graph, node: GraphNode): Point {
  const x = node.position.x + sizeOf(node).width + GAP;
  const siblings = graph.nodes.filter((each) => each.parentId === node.parentId && each.id !== node.id);
  let { y } = node.position;
  const blocked = () => siblings.find((each) => Math.abs(each.position.x - x) < NODE_WIDTH && Math.abs(each.position.y - y) < Math.max(100, sizeOf(each).height + 20));
  for (let other = blocked(); other; other = blocked()) y = other.position.y + sizeOf(other).height + 40;
  return { x, y };
}

/** The container that lies under a point of the canvas, and the point as seen from it. */
function containerAt(graph: Graph, at: Point): { parentId?: string; position: Point } {
  const found = graph.nodes.findLast((node) => {
    if (!isContainer(node) || node.parentId) return false;
    const { width, height } = sizeOf(node);
    return at.x > node.position.x && at.x < node.position.x + width && at.y > node.position.y && at.y < node.position.y + height;
  });
  if (!found) return { position: at };
  return { parentId: found.id, position: { x: Math.max(20, at.x - found.position.x), y: Math.max(64, at.y - found.position.y) } };
}

export function useAdding() {
  const { t } = useTranslation();
  const store = useBuilderStore();
  const around = useAround();
  const words = useWords();
  const models = useModels();
  const { screenToFlowPosition } = useReactFlow();

  const dataFor = useCallback(
    (kind: string) => {
      const chat = models.data?.filter((each) => each.kind === "chat") ?? [];
      return newData(kind, {
        title: freeTitle(words.kind(kind), graphNow(store.getState())),
        model: (chat.find((each) => !each.embedded) ?? chat[0])?.id ?? "",
        chatflow: around.chatflow,
        words: { classA: t("workflow.firstClass"), classB: t("workflow.secondClass"), approve: t("workflow.approve"), reject: t("workflow.reject") },
      });
    },
    [models.data, store, words, around.chatflow, t],
  );

  const add = useCallback(
    (kind: string, { from, edge, place }: Pick<Offer, "from" | "edge" | "place">) => {
      const { change } = store.getState();
      let id = "";
      change((graph) => {
        const take = (added: { graph: Graph; id: string }) => {
          ({ id } = added);
          return added.graph;
        };
        const at = place ? screenToFlowPosition(place) : { x: 80, y: 80 };
        if (edge) {
          const parent = nodeById(graph, nodeById(graph, edge.source)?.parentId ?? "");
          const inside = parent ? { x: at.x - parent.position.x, y: at.y - parent.position.y } : at;
          return take(insertInto(graph, edge, dataFor(kind), inside));
        }
        const source = from ? nodeById(graph, from.nodeId) : undefined;
        if (!source || !from) {
          const { parentId, position } = containerAt(graph, at);
          return take(addNode(graph, dataFor(kind), position, parentId));
        }
        const parent = source.parentId ? nodeById(graph, source.parentId) : undefined;
        const position = place ? { x: at.x - (parent?.position.x ?? 0), y: at.y - (parent?.position.y ?? 0) } : placeBehind(graph, source);
        return take(addAfter(graph, from.nodeId, from.handleId, dataFor(kind), position));
      });
      store.getState().select([id]);
      return id;
    },
    [store, dataFor, screenToFlowPosition],
  );

  const note = useCallback(
    (place: Point) => {
      let id = "";
      store.getState().change((graph) => {
        const added = addNote(graph, screenToFlowPosition(place));
        ({ id } = added);
        return added.graph;
      });
      store.getState().select([id]);
    },
    [store, screenToFlowPosition],
  );
  return { add, note };
}
