"""Asks a running `nescio serve` for answers, again and again, and prints how fast they come.

    nescio serve DETECTOR port=8080 &
    python3 bench/serve_load.py http://127.0.0.1:8080/v2/models/DETECTOR [--clients 1,4,8] [--rows 1,32,256] [--seconds 3] [--pid PID]

Every client is a process with one connection that it keeps; rows are drawn at random, as wide as the model says.
With the server's process id, the processor time that it takes is printed too: on a busy machine the only figure to rely on.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import random
import time
import urllib.parse
import urllib.request


def client(url, body, seconds, start, out):
    at = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    times, failures = [], 0
    start.wait()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        try:
            connection.request("POST", at.path + "/infer", body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            failures += reply.status != 200
        except (OSError, http.client.HTTPException):
            failures += 1
            connection.close()
        times.append(time.monotonic() - begin)
    out.put((times, failures))


def processor_ms(pid):
    """What the server has taken so far; 0 without its id."""
    if not pid:
        return 0
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def body_of(inputs, rows):
    draw = random.Random(1)
    tensors = []
    for tensor in inputs:
        width = tensor["shape"][1] if tensor["shape"][1] > 0 else 10
        data = [round(draw.gauss(0, 1), 4) for _ in range(rows * width)]
        tensors.append({"name": tensor["name"], "datatype": "FP32", "shape": [rows, width], "data": data})
    return json.dumps({"inputs": tensors})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--clients", default="1,4,8")
    parser.add_argument("--rows", default="1,32,256")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--pid", type=int, default=0)
    asked = parser.parse_args()
    inputs = json.load(urllib.request.urlopen(asked.url))["inputs"]
    print("| clients | rows a request | bytes | requests/s | rows/s | median ms | 99 % ms | processor ms a request | failures |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for clients in map(int, asked.clients.split(",")):
        for rows in map(int, asked.rows.split(",")):
            body = body_of(inputs, rows)
            start, out = multiprocessing.Event(), multiprocessing.Queue()
            processes = [multiprocessing.Process(target=client, args=(asked.url, body, asked.seconds, start, out))
                         for _ in range(clients)]
            for process in processes:
                process.start()
            before = processor_ms(asked.pid)
            start.set()
            times, failures = [], 0
            for _ in processes:
                its, failed = out.get()
                times += its
                failures += failed
            for process in processes:
                process.join()
            taken = (processor_ms(asked.pid) - before) / len(times)
            times.sort()
            rate = len(times) / asked.seconds
            print(f"| {clients} | {rows} | {len(body):,} | {rate:,.0f} | {rate * rows:,.0f} | "
                  f"{1000 * times[len(times) // 2]:.2f} | {1000 * times[len(times) * 99 // 100]:.2f} | "
                  f"{taken:.2f} | {failures} |",
                  flush=True)


if __name__ == "__main__":
    main()
