"""Words that the description is written in."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer", "minimum": 0}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


COUNT: Schema = or_null(WHOLE)


def one_of(*values: str | int) -> Schema:
    """One of these values."""
    return {"type": "string" if isinstance(values[0], str) else "integer", "enum": list(values)}


def listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def a(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with these members; all of them are there but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def parameter(name: str, told: str, schema: Schema, place: str = "query") -> Schema:
    found = {"name": name, "in": place, "description": told, "schema": schema}
    return found | ({"required": True} if place == "path" else {})


def answer(told: str, schema: str, media: str = "application/json") -> Schema:
    return {"description": told, "content": {media: {"schema": ref(schema)}}}


def problem(told: str, schema: str = "Problem") -> Schema:
    return answer(told, schema, "application/problem+json")
